import { Redactor } from "../redact.ts";
import { RotatingFile } from "../rotating-file.ts";

/** Run by a test under a file size limit: fills the log beyond it and prints how many lines the disk refused. */
process.on("SIGXFSZ", () => undefined);
const file = new RotatingFile({ path: process.argv[2]!, redactor: new Redactor([]) });
for (let index = 0; index < 500; index++) file.write(`{"message":"line ${index} ${"x".repeat(50)}"}\n`);
process.stdout.write(String(file.lost));
file.close();
