import type { AppEvent, ServerMessage } from "../contract/event.ts";
import type { Bus, NumberedEvent } from "./bus.ts";

/** A browser's connection, as the hub sees it. */
export interface HubSocket {
  /** False when the peer cannot keep up: the hub then closes, and the browser resumes from its last `seq`. */
  send(text: string): boolean;
  close(reason: string): void;
}

export interface ResumePoint {
  readonly epoch: string;
  readonly since: number;
  readonly watch: readonly string[];
}

const ringSize = 4000;
const maxSockets = 64;
const maxWatched = 8;
const beatIntervalMs = 5000;

interface Member {
  readonly socket: HubSocket;
  readonly watched: Set<string>;
}

/**
 * Sends events to every browser, in order, each with its `seq`. After a drop a browser names the last `seq` that it
 * saw and gets what came since, as long as the ring still holds it; otherwise it is told to fetch everything again.
 */
export class Hub {
  /** Changes with every start of the server, so that a `seq` of an earlier run is never taken for one of this. */
  readonly epoch = crypto.randomUUID();
  private readonly ring: NumberedEvent[] = [];
  private readonly members = new Set<Member>();
  private readonly unsubscribe: () => void;
  private readonly beat: Timer;

  constructor(
    private readonly bus: Bus,
    private readonly build: string,
  ) {
    this.unsubscribe = bus.subscribe((numbered) => this.deliver(numbered));
    this.beat = setInterval(() => this.sendBeat(), beatIntervalMs);
    this.beat.unref();
  }

  get seq(): number {
    return this.bus.seq;
  }

  /** Null when too many browsers are connected. The returned functions belong to this connection. */
  join(socket: HubSocket, resume: ResumePoint | null): { watch(jobId: string): void; unwatch(jobId: string): void; leave(): void } | null {
    if (this.members.size >= maxSockets) return null;
    const member: Member = { socket, watched: new Set(resume?.watch.slice(0, maxWatched)) };
    const missed = resume === null ? null : this.since(resume);
    this.post(member, { type: "hello", epoch: this.epoch, seq: this.bus.seq, build: this.build, resumed: missed !== null });
    for (const numbered of missed ?? []) if (concerns(numbered.event, member)) this.post(member, { type: "event", ...numbered });
    this.members.add(member);
    return {
      watch: (jobId) => void (member.watched.size < maxWatched && member.watched.add(jobId)),
      unwatch: (jobId) => void member.watched.delete(jobId),
      leave: () => void this.members.delete(member),
    };
  }

  close(): void {
    this.unsubscribe();
    clearInterval(this.beat);
    for (const { socket } of this.members) socket.close("Isengard is shutting down");
    this.members.clear();
  }

  private since(resume: ResumePoint): NumberedEvent[] | null {
    if (resume.epoch !== this.epoch || resume.since > this.bus.seq) return null;
    const oldest = this.ring[0]?.seq ?? this.bus.seq + 1;
    const isWhole = resume.since >= oldest - 1 || resume.since === this.bus.seq;
    return isWhole ? this.ring.filter((numbered) => numbered.seq > resume.since) : null;
  }

  private deliver(numbered: NumberedEvent): void {
    if (isKept(numbered.event)) {
      this.ring.push(numbered);
      if (this.ring.length > ringSize) this.ring.splice(0, ringSize / 4);
    }
    let text: string | null = null;
    for (const member of this.members) {
      if (!concerns(numbered.event, member)) continue;
      text ??= JSON.stringify({ type: "event", ...numbered } satisfies ServerMessage);
      this.transmit(member, text);
    }
  }

  private sendBeat(): void {
    const text = JSON.stringify({ type: "beat", seq: this.bus.seq, time: new Date().toISOString() } satisfies ServerMessage);
    for (const member of this.members) this.transmit(member, text);
  }

  private post(member: Member, message: ServerMessage): void {
    this.transmit(member, JSON.stringify(message));
  }

  private transmit(member: Member, text: string): void {
    if (member.socket.send(text)) return;
    this.members.delete(member);
    member.socket.close("too slow; reconnect to resume");
  }
}

/** Previews and half-drawn lines are replaced by the next one, and a log page is fetched by line number. */
function isKept(event: AppEvent): boolean {
  return event.type !== "job.preview" && event.type !== "job.live-line" && event.type !== "job.log";
}

function concerns(event: AppEvent, member: Member): boolean {
  switch (event.type) {
    case "job.artifact":
    case "job.artifact-gone":
    case "job.log":
    case "job.live-line":
    case "job.metrics":
    case "job.metrics-undone":
    case "job.preview":
      return member.watched.has(event.jobId);
    default:
      return true;
  }
}
