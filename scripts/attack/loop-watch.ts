import { threadTimes } from "./thread-times.ts";

/**
 * A process of its own, so that nothing of the attack holds up the asking: `loop-watch.ts URL PID` asks for `/health` without a pause
 * until its input ends, then prints how long the server's event loop was held at most, in milliseconds: the work that its thread did
 * between a question and its answer, less the time in which this process waited for a core and could not have seen the answer.
 */
const [url, pid] = process.argv.slice(2);
const { hostname, port, host } = new URL(url!);
const question = `GET /health HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

let answered = Promise.withResolvers<void>();
const socket = await Bun.connect({ hostname, port: Number(port), socket: { data: () => answered.resolve(), close: () => answered.resolve() } });
const over = new AbortController();
process.stdin.on("data", () => undefined).on("end", () => over.abort());
let heldMs = 0;
for (let asked = 0; !over.signal.aborted; asked++) {
  answered = Promise.withResolvers();
  const [server, own] = [threadTimes(Number(pid)), threadTimes(process.pid)];
  socket.write(question);
  await answered.promise;
  const held = threadTimes(Number(pid)).workedMs - server.workedMs - (threadTimes(process.pid).waitedMs - own.waitedMs);
  if (asked > 0) heldMs = Math.max(heldMs, held);
  else console.log("ready");
  await Bun.sleep(1);
}
console.log(heldMs);
process.exit(0);
