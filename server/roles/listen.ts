import type { Elysia } from "elysia";
import { websocket as elysiaSockets } from "elysia/ws";
import type { LoadedConfig } from "../config.ts";
import { describePortOwner } from "../process/port.ts";

const portAttempts = 20;
/** Requests and sockets may take as long as they need. Without `reusePort: false` a second server would share the port instead of being told that it is taken. */
const options = { idleTimeout: 0, maxRequestBodySize: 128 * 1024 * 1024, reusePort: false, development: false } as const;
/** Elysia describes the sockets of an older Bun. */
const websocket = { ...elysiaSockets as unknown as Bun.WebSocketHandler<unknown>, idleTimeout: 0, backpressureLimit: 2 * 1024 * 1024, maxPayloadLength: 64 * 1024 };

/** Listens, or says who has the port. A port that nobody asked for is replaced by the next free one. */
export function listen(http: Elysia, { config, sources }: LoadedConfig): number | null {
  // Elysia's own `listen` builds its handler a second time once it listens, while the first requests wait.
  http.compile();
  const isChosen = sources.port !== "default";
  for (let port = config.port; port < config.port + portAttempts; port++) {
    try {
      http.server = Bun.serve({ ...options, hostname: config.host, port, fetch: http.fetch, websocket });
      return http.server.port!;
    } catch (error) {
      if (!(error instanceof Error) || !("code" in error) || error.code !== "EADDRINUSE") throw error;
      const owner = describePortOwner(port) ?? "another program";
      if (isChosen) {
        console.error(`Port ${port} is already used by ${owner}. Start with --port ${port + 1}, or end that program first.`);
        return null;
      }
      console.log(`Port ${port} is used by ${owner}; trying ${port + 1}.`);
    }
  }
  console.error(`The ports ${config.port} to ${config.port + portAttempts - 1} are all in use. Name a free one with --port.`);
  return null;
}
