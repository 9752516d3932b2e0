import { hold } from "./hold.ts";

// Stands in for the executable in this folder's tests: the role `hold <dir>` and nothing else.
process.exit(await hold(process.argv[3] ?? ""));
