import type { ServerWebSocket } from "bun";
import { parseJson, recordOf } from "../protocol/json.ts";

export interface SocketData {
  readonly sid: string;
  /** Decided by the first text frame only. */
  flagsRead: boolean;
  previewsWithMetadata: boolean;
}

export type SimulatorSocket = ServerWebSocket<SocketData>;

const previewType = 1;
const previewWithMetadataType = 4;
const jpegFormat = 1;

export const serverFeatures = {
  supports_preview_metadata: true, supports_model_type_tags: true, max_upload_size: 104_857_600,
  extension: { manager: { supports_v4: true } }, node_replacements: true, assets: false,
} as const;

/**
 * Who gets which event (0.33.0, `server.py`). As in the real server the table is keyed by client id, and closing a socket
 * removes whatever is registered under its id, even a newer one.
 */
export class Sockets {
  readonly #sockets = new Map<string, SimulatorSocket>();

  open(socket: SimulatorSocket, queueRemaining: number, running: { clientId: string | null; node: string } | null): void {
    const { sid } = socket.data;
    this.#sockets.set(sid, socket);
    this.#write(socket, "status", { status: { exec_info: { queue_remaining: queueRemaining } }, sid });
    if (running?.clientId === sid) this.#write(socket, "executing", { node: running.node });
  }

  message(socket: SimulatorSocket, message: string | Buffer): void {
    if (typeof message !== "string") return;
    const frame = recordOf(parseJson(message));
    if (!socket.data.flagsRead && frame["type"] === "feature_flags") {
      socket.data.previewsWithMetadata = recordOf(frame["data"])["supports_preview_metadata"] === true;
      this.#write(socket, "feature_flags", serverFeatures);
    }
    socket.data.flagsRead = true;
  }

  close(socket: SimulatorSocket): void {
    this.#sockets.delete(socket.data.sid);
  }

  closeAll(): void {
    for (const socket of this.#sockets.values()) socket.close();
  }

  /** To one client; to nobody when the prompt had none. */
  send(type: string, data: unknown, clientId: string | null): void {
    const socket = clientId === null ? undefined : this.#sockets.get(clientId);
    if (socket) this.#write(socket, type, data);
  }

  /** To everybody. */
  broadcast(type: string, data: unknown): void {
    for (const socket of this.#sockets.values()) this.#write(socket, type, data);
  }

  /** To one client, or to everybody when the prompt had none. */
  sendOrBroadcast(type: string, data: unknown, clientId: string | null): void {
    if (clientId === null) this.broadcast(type, data);
    else this.send(type, data, clientId);
  }

  preview(jpeg: Uint8Array, metadata: Readonly<Record<string, unknown>>, clientId: string | null): void {
    for (const socket of this.#sockets.values()) {
      if (clientId !== null && socket.data.sid !== clientId) continue;
      const text = Buffer.from(JSON.stringify(metadata));
      const head = Buffer.alloc(8);
      head.writeUInt32BE(socket.data.previewsWithMetadata ? previewWithMetadataType : previewType);
      head.writeUInt32BE(socket.data.previewsWithMetadata ? text.byteLength : jpegFormat, 4);
      socket.send(Buffer.concat(socket.data.previewsWithMetadata ? [head, text, jpeg] : [head, jpeg]));
    }
  }

  /** Frames that no client should stumble over. */
  garbage(): void {
    for (const socket of this.#sockets.values()) {
      socket.send("{ this is no JSON");
      socket.send(JSON.stringify({ type: "pack.unknown", data: [1, 2, 3] }));
      socket.send(JSON.stringify({ type: "progress", data: null }));
      socket.send(Buffer.from([0, 0, 0, 4, 255, 255, 255, 255, 1]));
      socket.send(Buffer.from([0, 0, 0, 99]));
    }
  }

  #write(socket: SimulatorSocket, type: string, data: unknown): void {
    socket.send(JSON.stringify({ type, data }));
  }
}
