import type { Database } from "bun:sqlite";
import type { Bus } from "../events/bus.ts";
import type { Paths } from "../files/paths.ts";
import type { JobFacts } from "./job-facts.ts";

/** What every noun of the library works with. */
export interface LibraryDeps {
  readonly db: Database;
  readonly paths: Paths;
  readonly bus: Bus;
  readonly jobFacts: JobFacts;
}
