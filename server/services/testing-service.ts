import { existsSync, writeFileSync } from "node:fs";

/** A tiny tool for the supervisor's tests: `<port> <behaviour>`. It answers `/` with its own process id. */
const [port, behaviour] = process.argv.slice(2);

if (behaviour === "broken") {
  console.log("fatal: the model is missing");
  process.exit(3);
}
if (behaviour === "port-taken-once" && !existsSync("seen-before")) {
  writeFileSync("seen-before", "");
  console.log("OSError: [Errno 98] Address already in use");
  process.exit(1);
}
let deaf = false;
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(port),
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/crash") setTimeout(() => process.exit(9), 5);
    if (pathname === "/deaf") deaf = true;
    return new Response(String(process.pid), { status: deaf ? 500 : 200 });
  },
});
console.log(`listening on ${server.port}`);
process.on("SIGINT", () => process.exit(0));
