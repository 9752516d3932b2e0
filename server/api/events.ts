import { getSchemaValidator, type Elysia } from "elysia";
import { ClientMessage } from "../contract/event.ts";
import type { Hub, HubSocket, ResumePoint } from "../events/hub.ts";

/** A peer with more than this unsent is closed; it resumes from its last `seq`. */
const maxBacklogBytes = 1024 * 1024;

/** The one WebSocket of a tab: `/api/events?epoch=&since=&watch=job,job`. */
export function eventsApi(hub: Hub) {
  const members = new Map<string, ReturnType<Hub["join"]>>();
  return (http: Elysia) => http
    .ws("/api/events", {
      open(ws) {
        const member = hub.join(asSocket(ws.raw as unknown as RawSocket), resumePoint(ws.data.request.url));
        if (member === null) ws.close(1013, "too many connections");
        else members.set(ws.id, member);
      },
      message(ws, message) {
        const member = members.get(ws.id);
        if (!isClientMessage(message)) ws.close(1008, "not a message that this server knows");
        else if (message.type === "watch") member?.watch(message.jobId);
        else member?.unwatch(message.jobId);
      },
      close(ws) {
        members.get(ws.id)?.leave();
        members.delete(ws.id);
      },
    });
}

/** Null for a new tab, and for one whose words make no sense: it fetches everything again. */
function resumePoint(url: string): ResumePoint | null {
  const query = new URL(url).searchParams;
  const epoch = query.get("epoch");
  const since = query.get("since") ?? "";
  if (epoch === null || !/^\d{1,15}$/.test(since)) return null;
  return { epoch, since: Number(since), watch: query.get("watch")?.split(",") ?? [] };
}

let validator: ReturnType<typeof getSchemaValidator> | null = null;

/** Elysia would make the check of a socket's messages while the server starts; here the first message makes it. */
function isClientMessage(message: unknown): message is ClientMessage {
  validator ??= getSchemaValidator(ClientMessage, { dynamic: true });
  return validator.Check(message);
}

/** Bun's socket; Elysia's type leaves the back-pressure part out. */
interface RawSocket {
  send(text: string): number;
  getBufferedAmount(): number;
  close(code?: number, reason?: string): void;
}

function asSocket(raw: RawSocket): HubSocket {
  return {
    send(text) {
      const sent = raw.send(text);
      return sent !== 0 && raw.getBufferedAmount() <= maxBacklogBytes;
    },
    close: (reason) => raw.close(1013, reason),
  };
}
