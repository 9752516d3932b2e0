import { parseArgs } from "node:util";
import { startExecutable } from "./testing/executable.ts";
import { fuzz } from "./fuzz/run.ts";

/** `npm run fuzz -- --cases 200000 --seed 1`: requests drawn from the executable's own description; build it first. Exit code 1 with any fault. */
const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
    executable: { type: "string" },
  },
});
const server = await startExecutable(values.executable === undefined ? {} : { executable: values.executable });
const start = performance.now();
const report = await fuzz(server.api, Number(values.cases), Number(values.seed)).finally(() => server.dispose());
const seconds = Math.round((performance.now() - start) / 1000);
for (const fault of report.faults) console.error(fault);
console.log(
  `fuzz: ${report.cases} cases of seed ${values.seed} in ${seconds} s, ${report.outside} of them outside the description, ${report.faults.length} faults`,
);
console.log(JSON.stringify(report.statuses));
process.exit(report.faults.length === 0 ? 0 : 1);
