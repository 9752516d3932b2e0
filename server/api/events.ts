import { Elysia, t } from "elysia";
import { ClientMessage } from "../contract/event.ts";
import type { Hub, HubSocket } from "../events/hub.ts";

/** A peer with more than this unsent is closed; it resumes from its last `seq`. */
const maxBacklogBytes = 1024 * 1024;

/** The one WebSocket of a tab: `/api/events?epoch=&since=&watch=job,job`. */
export function eventsApi(hub: Hub) {
  const members = new Map<string, ReturnType<Hub["join"]>>();
  return new Elysia({ name: "events-api" })
    .ws("/api/events", {
      query: t.Object({
        epoch: t.Optional(t.String({ maxLength: 64 })),
        since: t.Optional(t.Numeric({ minimum: 0 })),
        watch: t.Optional(t.String({ maxLength: 600 })),
      }),
      body: ClientMessage,
      maxPayloadLength: 64 * 1024,
      open(ws) {
        const { epoch, since, watch } = ws.data.query;
        const resume = epoch !== undefined && since !== undefined ? { epoch, since, watch: watch ? watch.split(",") : [] } : null;
        const member = hub.join(asSocket(ws.raw as unknown as RawSocket), resume);
        if (member === null) ws.close(1013, "too many connections");
        else members.set(ws.id, member);
      },
      message(ws, message) {
        const member = members.get(ws.id);
        if (message.type === "watch") member?.watch(message.jobId);
        else member?.unwatch(message.jobId);
      },
      close(ws) {
        members.get(ws.id)?.leave();
        members.delete(ws.id);
      },
    });
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
