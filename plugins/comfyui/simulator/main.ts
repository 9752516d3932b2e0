import { existsSync, mkdirSync, rmSync } from "node:fs";
import { scenario as scenarioName, speed } from "../../simulation/speed.ts";
import { parseArguments, type ComfyArguments } from "./arguments.ts";
import { ModelFolders } from "./folders.ts";
import { SimulatorLog } from "./log.ts";
import { refusesOrigin } from "./origin.ts";
import { PromptQueue } from "./queue.ts";
import { answer, type SimulatedServer } from "./routes.ts";
import { Scenario } from "./scenario.ts";
import { Sockets, type SocketData } from "./sockets.ts";

const dropSocketsEveryMs = 1_000;

/** `isengard simulate comfyui …`: stands in for `python main.py …`. Answers when it ends, with the exit code. */
export async function simulateComfy(args: readonly string[]): Promise<number> {
  const parsed = parseArguments(args, process.cwd());
  if (!parsed.ok) return usage(parsed.error);
  const { userDir } = parsed.value;
  if (userDir !== null && !existsSync(userDir)) return usage(`argument --user-directory: '${userDir}' is not a directory`);
  const missing = parsed.value.modelPaths.find((path) => !existsSync(path));
  if (missing) return fail(`FileNotFoundError: [Errno 2] No such file or directory: '${missing}'`);
  const scenario = new Scenario(scenarioName(), speed(), userDir ?? parsed.value.outputDir);
  return run(parsed.value, args, scenario);
}

function usage(error: string): number {
  process.stderr.write(`usage: main.py [-h] [--listen [IP]] [--port PORT] …\nmain.py: error: ${error}\n`);
  return 2;
}

function fail(lastLine: string): number {
  process.stderr.write(`Traceback (most recent call last):\n${lastLine}\n`);
  return 1;
}

async function run(args: ComfyArguments, argv: readonly string[], scenario: Scenario): Promise<number> {
  const stopped = Promise.withResolvers<number>();
  listenToSignals(scenario, stopped.resolve);
  const log = new SimulatorLog();
  boot(args, log);
  await Bun.sleep(scenario.bootMs);
  if (scenario.once("port-taken")) return portTaken(args);
  const server = surroundings(args, argv, scenario, log);
  let listening: ReturnType<typeof listen>;
  try {
    listening = listen(server);
  } catch {
    // Bun says only that it could not listen; ComfyUI, too, notices this after the whole start-up.
    return portTaken(args);
  }
  log.line("INFO", "Starting server\n");
  log.line("INFO", `To see the GUI go to: http://${args.listen}:${args.port}`);
  const dropping = scenario.is("drop-socket") ? setInterval(() => server.sockets.closeAll(), dropSocketsEveryMs) : null;
  const code = await stopped.promise;
  if (dropping !== null) clearInterval(dropping);
  process.stderr.write("\nStopped server\n");
  await listening.stop(true);
  rmSync(args.tempDir, { recursive: true, force: true });
  return code;
}

/** SIGTERM has no handler: it kills at once and leaves the temp folder behind, as the real one does. */
function listenToSignals(scenario: Scenario, stop: (code: number) => void): void {
  if (scenario.is("ignore-term")) {
    process.on("SIGINT", () => {});
    process.on("SIGTERM", () => {});
  } else {
    process.on("SIGINT", () => stop(0));
  }
}

function boot(args: ComfyArguments, log: SimulatorLog): void {
  for (const dir of [args.outputDir, args.inputDir]) mkdirSync(dir, { recursive: true });
  rmSync(args.tempDir, { recursive: true, force: true });
  mkdirSync(args.tempDir, { recursive: true });
  for (const root of new ModelFolders(args, args.inputDir).loraRoots.slice(0, -1)) log.line("INFO", `Adding extra search path loras ${root}`);
  log.line("INFO", "Checkpoint files will always be loaded safely.");
  log.line("INFO", "Total VRAM 24564 MB, total RAM 65536 MB");
  log.line("INFO", "pytorch version: 2.13.0+cu130");
  log.line("INFO", "Set vram state to: NORMAL_VRAM");
  log.line("INFO", "Device: cuda:0 NVIDIA GeForce RTX 4090 (simulated) : native");
  log.line("INFO", "ComfyUI version: 0.33.0");
  log.line("INFO", `Setting temp directory to: ${args.tempDir}`);
}

function portTaken(args: ComfyArguments): number {
  return fail(`OSError: [Errno 98] error while attempting to bind on address ('${args.listen}', ${args.port}): address already in use`);
}

function surroundings(args: ComfyArguments, argv: readonly string[], scenario: Scenario, log: SimulatorLog): SimulatedServer {
  const around = { args, scenario, log, folders: new ModelFolders(args, args.inputDir), sockets: new Sockets() };
  let number = 0;
  return { ...around, argv, queue: new PromptQueue(around), nextNumber: () => number++ };
}

function listen(server: SimulatedServer): Bun.Server<SocketData> {
  return Bun.serve<SocketData>({
    hostname: server.args.listen, port: server.args.port, idleTimeout: 0, reusePort: false, maxRequestBodySize: server.args.maxUploadBytes,
    fetch(request, bun) {
      if (refusesOrigin(request.headers)) return new Response(null, { status: 403 });
      const url = new URL(request.url);
      if (!/^(\/api)?\/ws$/.test(url.pathname)) return answer(server, request);
      const sid = url.searchParams.get("clientId") || crypto.randomUUID().replaceAll("-", "");
      const upgraded = bun.upgrade(request, { data: { sid, flagsRead: false, previewsWithMetadata: false } });
      return upgraded ? undefined : new Response(null, { status: 400 });
    },
    websocket: {
      idleTimeout: 0,
      open: (socket) => server.sockets.open(socket, server.queue.remaining, server.queue.current),
      message: (socket, message) => server.sockets.message(socket, message),
      close: (socket) => server.sockets.close(socket),
    },
    error: () => new Response("500 Internal Server Error\n\nServer got itself in trouble", { status: 500 }),
  });
}
