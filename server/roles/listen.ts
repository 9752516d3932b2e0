import type { Elysia } from "elysia";
import type { LoadedConfig } from "../config.ts";
import { describePortOwner } from "../process/port.ts";

const portAttempts = 20;

/** Listens, or says who has the port. A port that nobody asked for is replaced by the next free one. */
export function listen(http: Elysia, { config, sources }: LoadedConfig): number | null {
  const isChosen = sources.port !== "default";
  for (let port = config.port; port < config.port + portAttempts; port++) {
    try {
      http.listen({ hostname: config.host, port });
      return http.server!.port!;
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
