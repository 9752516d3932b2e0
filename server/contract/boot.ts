import type { Character } from "./character.ts";
import type { Job } from "./job.ts";
import type { Lora } from "./lora.ts";
import type { Info, SystemStatus } from "./system.ts";

/** All that the first page shows, put into the HTML so that the page needs no request before it can be read. */
export interface Boot {
  info: Info;
  characters: Character[];
  jobs: Job[];
  loras: Lora[];
  status: SystemStatus;
  /** The event numbering that `seq` belongs to; a restarted server begins a new one. */
  epoch: string;
  /** The last event that is already part of this data. */
  seq: number;
  /** Changes with every build; the page offers a reload when it differs from its own. */
  build: string;
  simulated: boolean;
}
