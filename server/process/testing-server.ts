import { join } from "node:path";
import type { ToolCommand } from "../../plugins/plugin.ts";
import { createLog } from "../base/log.ts";
import { runHeld } from "./run.ts";

/** Stands in for a server that is killed in the middle: `<dir> <run id> <script>`. It watches a child to its end. */
const [dir = "", runId = "", script = ""] = process.argv.slice(2);
const command: ToolCommand = { file: "/bin/sh", args: ["-c", script], cwd: "/tmp", env: {}, columns: 250, stop: [] };
await runHeld({
  dir, runId, correlationId: "cor-killed", command,
  self: [process.execPath, join(import.meta.dir, "testing-hold.ts")],
  signal: new AbortController().signal,
  onLine: (line) => console.log(line.text),
  log: createLog({ write: () => {} }, "error"),
});
