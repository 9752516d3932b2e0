import type { AppEvent, ServerMessage } from "../../server/contract/event.ts";
import type { Started } from "./executable.ts";

/** A browser's live connection, as far as its messages go. */
export interface Tab {
  readonly events: Array<{ readonly seq: number; readonly event: AppEvent }>;
  readonly beats: number;
  readonly isOpen: boolean;
  close(): void;
}

/** Opens once the server said hello. */
export async function openTab(server: Started): Promise<Tab> {
  const BunSocket = WebSocket as unknown as new (url: string, options: { headers: Record<string, string> }) => WebSocket;
  const socket = new BunSocket(`${server.url.replace("http", "ws")}/api/events`, { headers: { authorization: `Bearer ${server.token}` } });
  const tab = { events: [] as Array<{ seq: number; event: AppEvent }>, beats: 0, isOpen: true, close: () => socket.close() };
  socket.onclose = () => { tab.isOpen = false; };
  await new Promise<void>((resolve, reject) => {
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as ServerMessage;
      if (message.type === "hello") resolve();
      if (message.type === "beat") tab.beats++;
      if (message.type === "event") tab.events.push({ seq: message.seq, event: message.event });
    };
    socket.onerror = () => reject(new Error("the tab could not connect"));
  });
  return tab;
}
