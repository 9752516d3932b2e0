import { watch } from "node:fs";
import { join } from "node:path";
import { buildUi } from "./build-ui.ts";

/** `npm run dev`: server from the sources with restart on change, page rebuilt on change, simulators on. */
const root = join(import.meta.dir, "..");
await buildUi();
let timer: Timer | undefined;
watch(join(root, "ui"), { recursive: true }, () => {
  clearTimeout(timer);
  timer = setTimeout(() => void buildUi().then(() => console.log("page rebuilt; reload the browser"), console.error), 100);
});
const child = Bun.spawn(["bun", "--watch", join(root, "server/main.ts"), "--mode", "fast-test", "--no-open", ...process.argv.slice(2)], {
  cwd: root,
  stdio: ["inherit", "inherit", "inherit"],
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
process.exit(await child.exited);
