/** A tiny tool for the supervisor's tests: `<port> <behaviour>`. It answers `/` with its own process id. */
const [port, behaviour] = process.argv.slice(2);

if (behaviour === "broken") {
  console.log("fatal: the model is missing");
  process.exit(3);
}
const taken = behaviour === "port-taken-once" && !(await Bun.file("seen-before").exists());
if (taken) {
  await Bun.write("seen-before", "");
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

export {};
