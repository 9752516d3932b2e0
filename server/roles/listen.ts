import type { LoadedConfig } from "../base/config.ts";
import { describePortOwner } from "../services/port.ts";

const portAttempts = 20;

/**
 * A connection on which nothing moves is closed after `idleTimeout` seconds, unless its request is a known person's and has arrived
 * whole (`server/api/gate/connection-time.ts`): half a request of a stranger must not hold a descriptor. Sockets beat by themselves.
 * Without `reusePort: false` a second server would share the port instead of being told that it is taken.
 */
const options = { idleTimeout: 10, maxRequestBodySize: 128 * 1024 * 1024, reusePort: false, development: false } as const;
const socketOptions = { idleTimeout: 0, backpressureLimit: 2 * 1024 * 1024, maxPayloadLength: 64 * 1024 } as const;

type Socket = Bun.ServerWebSocket<SocketData>;

/** Elysia keeps what a socket does in the data of that socket. */
interface SocketData {
  open?(socket: Socket): void;
  message?(socket: Socket, message: string | Buffer): void;
  drain?(socket: Socket): void;
  close?(socket: Socket, code: number, reason: string): void;
}

const websocket: Bun.WebSocketHandler<SocketData> = {
  ...socketOptions,
  open: (socket) => socket.data.open?.(socket),
  message: (socket, message) => socket.data.message?.(socket, message),
  drain: (socket) => socket.data.drain?.(socket),
  close: (socket, code, reason) => socket.data.close?.(socket, code, reason),
};

export type Server = Bun.Server<SocketData>;

/** Listens, or says who has the port. A port that nobody asked for is replaced by the next free one. */
export function listen(fetch: (request: Request, server: Server) => Response | Promise<Response>, { config, sources }: LoadedConfig): Server | null {
  const isChosen = sources.port !== "default";
  for (let port = config.port; port < config.port + portAttempts; port++) {
    try {
      return Bun.serve<SocketData>({ ...options, hostname: config.host, port, fetch, websocket });
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
