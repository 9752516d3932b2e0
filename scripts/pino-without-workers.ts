/**
 * Leaves out of the executable what pino has for writing by itself: its transports and streams are made of worker threads and
 * files of their own, which do not exist there (see the decisions in ARCHITECTURE.md). Our log gives pino a sink instead.
 * Who called it is asked for them alone, and looking costs a module of the runtime.
 * Loading them costs each start memory and time.
 */
export const pinoWithoutWorkers: Bun.BunPlugin = {
  name: "pino-without-workers",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(thread-stream|sonic-boom|(\.\/|\.\/lib\/)transport)$/ }, ({ path, importer }) =>
      importer.includes("/node_modules/pino/") ? { path, namespace } : undefined,
    );
    onLoad({ filter: /./, namespace }, ({ path }) => ({ contents: `module.exports = class { constructor() { throw new Error(${JSON.stringify(reason(path))}); } };`, loader: "js" }));
    onLoad({ filter: /\/node_modules\/pino\/lib\/caller\.js$/ }, () => ({ contents: "module.exports = () => [];", loader: "js" }));
    // It only asks whether it runs in the main thread; a module of the runtime cannot be replaced by its name.
    onLoad({ filter: /\/node_modules\/pino\/lib\/tools\.js$/ }, async ({ path }) => {
      const text = await Bun.file(path).text();
      if (!text.includes(question)) throw new Error(`${path} does not say ${question} any more; see whether pino still loads its workers.`);
      return { contents: text.replace(question, "{ isMainThread: true }"), loader: "js" };
    });
  },
};

const namespace = "pino-without-workers";
const question = "require('worker_threads')";

function reason(path: string): string {
  return `pino's ${path} is not part of the executable; give pino a sink.`;
}
