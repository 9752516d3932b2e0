import { t, type Elysia } from "elysia";
import { ClientMessage } from "../contract/event.ts";
import { check } from "./input/check.ts";
import { Problems } from "./input/problems.ts";
import { queryOf, readQuery } from "./input/read-query.ts";
import type { Hub, HubSocket, ResumePoint } from "../events/hub.ts";
import type { Access } from "./gate/access.ts";
import { sessionOf } from "./gate/context.ts";

/** A peer with more than this unsent is closed; it resumes from its last `seq`. */
const maxBacklogBytes = 1024 * 1024;

const EventsQuery = t.Object({
  epoch: t.Optional(t.String({ maxLength: 100 })), since: t.Optional(t.String({ maxLength: 20 })), watch: t.Optional(t.String({ maxLength: 1000 })),
});

/** The one WebSocket of a tab: `/api/events?epoch=&since=&watch=job,job`. */
export function eventsApi(hub: Hub, access: Access) {
  const members = new Map<string, ReturnType<Hub["join"]>>();
  const leaving = new Map<string, () => void>();
  return (http: Elysia) => http
    .ws("/api/events", {
      beforeHandle: ({ request }) => void readQuery(EventsQuery, queryOf(request.url)),
      open(ws) {
        const member = hub.join(asSocket(ws.raw as unknown as RawSocket), resumePoint(ws.data.request.url));
        if (member === null) return void ws.close(1013, "too many connections");
        members.set(ws.id, member);
        const session = sessionOf(ws.data.request);
        if (session === null) return;
        const end = access.endOf(session);
        const leave = () => void ws.close(1008, "signed out");
        end.addEventListener("abort", leave, { once: true });
        leaving.set(ws.id, () => end.removeEventListener("abort", leave));
        if (end.aborted) leave();
      },
      message(ws, message) {
        const member = members.get(ws.id);
        if (!isClientMessage(message)) ws.close(1008, "not a message that this server knows");
        else if (message.type === "watch") member?.watch(message.jobId);
        else member?.unwatch(message.jobId);
      },
      close(ws) {
        leaving.get(ws.id)?.();
        leaving.delete(ws.id);
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

/** As strict as a body: another name than those that are known makes it another message. */
function isClientMessage(message: unknown): message is ClientMessage {
  const type = typeof message === "object" && message !== null && "type" in message ? message.type : undefined;
  const schema = ClientMessage.anyOf.find((candidate) => candidate.properties.type.const === type);
  const found = new Problems();
  if (schema !== undefined) check(schema, message, "", found);
  return schema !== undefined && found.count === 0;
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
