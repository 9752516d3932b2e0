import { simulators } from "./registry.ts";

/** `simulate <name> …` without the server around it, for tests of plugins. */
const [role, name = "", ...args] = process.argv.slice(2);
const simulate = role === "simulate" ? simulators[name] : undefined;
if (simulate === undefined) {
  console.error(`There is no simulator ${name}. Known: ${Object.keys(simulators).join(", ")}.`);
  process.exit(2);
}
process.exit(await simulate(args));
