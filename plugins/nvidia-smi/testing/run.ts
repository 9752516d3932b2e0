import { simulateNvidiaSmi } from "../simulator.ts";

/** The simulator as a program of its own, for tests. */
process.exitCode = await simulateNvidiaSmi(process.argv.slice(2));
