import { t } from "elysia";
import { Character } from "./character.ts";
import { Job } from "./job.ts";
import { Lora } from "./lora.ts";
import { Info, SystemStatus } from "./system.ts";

/** All that the first page shows, put into the HTML so that the page needs no request before it can be read. */
export const Boot = t.Object({
  info: Info,
  characters: t.Array(Character),
  jobs: t.Array(Job),
  loras: t.Array(Lora),
  status: SystemStatus,
  /** The event numbering that `seq` belongs to; a restarted server begins a new one. */
  epoch: t.String(),
  /** The last event that is already part of this data. */
  seq: t.Number(),
  /** Changes with every build; the page offers a reload when it differs from its own. */
  build: t.String(),
  simulated: t.Boolean(),
  /** How long what was deleted can be brought back. */
  keepSeconds: t.Number(),
});
export type Boot = typeof Boot.static;
