import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { benchCharacters, benchGeneration, benchUpload } from "./bench/api.ts";
import { benchHolder } from "./bench/holder.ts";
import { benchLogPath } from "./bench/log-path.ts";
import { benchPage } from "./bench/page.ts";
import { benchQueue } from "./bench/queue.ts";
import { benchLongList, benchRecovery } from "./bench/recovery.ts";
import { formatMeasure, isMet, type Measure } from "./bench/report.ts";
import { benchStart } from "./bench/start.ts";
import { build } from "./build.ts";
import { executablePath } from "./testing/executable.ts";

/** `npm run bench [-- --only start,page]`: every number that a document states, measured in one run. */
const parts: Record<string, () => Promise<Measure[]>> = {
  start: benchStart,
  page: benchPage,
  characters: benchCharacters,
  upload: benchUpload,
  generation: benchGeneration,
  log: benchLogPath,
  queue: benchQueue,
  holder: benchHolder,
  recovery: benchRecovery,
  list: benchLongList,
};

const { values } = parseArgs({ options: { only: { type: "string" } } });
if (!existsSync(executablePath)) await build();
const wanted = values.only?.split(",") ?? Object.keys(parts);
let missed = 0;
for (const name of wanted) {
  const run = parts[name];
  if (run === undefined) throw new Error(`There is no benchmark ${name}. Known: ${Object.keys(parts).join(", ")}.`);
  for (const measure of await run()) {
    console.log(formatMeasure(measure));
    if (isMet(measure) === false) missed++;
  }
}
console.log(missed === 0 ? "all goals met" : `${missed} goals missed`);
