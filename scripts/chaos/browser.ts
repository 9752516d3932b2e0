import type { ServerMessage } from "../../server/contract/event.ts";
import type { Job, JobState } from "../../server/contract/job.ts";
import type { Started } from "../testing/executable.ts";

/** What one unbroken view of a job saw: its states without repeats, from a fetch or a first event on. */
interface View {
  readonly jobId: string;
  readonly states: JobState[];
}

/** Bun's own, which takes headers and can drop a connection without a word. */
type DroppableSocket = WebSocket & { terminate(): void };
const BunSocket = WebSocket as unknown as new (url: string, options: { headers: Record<string, string> }) => DroppableSocket;

const reconnectMs = 40;
const fetchLimitMs = 3_000;

/** A tab that stays open all the time: it reconnects, resumes where it was, or fetches again when it is told to. */
export class Browser {
  readonly problems: string[] = [];
  /** Everything that was seen, one view for each job and each time that it was fetched again. */
  readonly views: View[] = [];
  resumes = 0;
  refetches = 0;
  private open = new Map<string, View>();
  private socket: DroppableSocket | null = null;
  private epoch: string | null = null;
  private seq = 0;
  private isClosed = false;
  private timer: Timer | null = null;

  constructor(private readonly server: () => Started | null) {
    this.connect();
  }

  get connected(): boolean {
    return this.socket?.readyState === WebSocket.OPEN && this.epoch !== null;
  }

  stateOf(jobId: string): JobState | undefined {
    return this.open.get(jobId)?.states.at(-1);
  }

  drop(): void {
    this.socket?.terminate();
  }

  close(): void {
    this.isClosed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.socket?.terminate();
  }

  private connect(): void {
    if (this.isClosed) return;
    const server = this.server();
    if (server === null) return this.later();
    const point = this.epoch === null ? "" : `?epoch=${this.epoch}&since=${this.seq}&watch=`;
    const socket = new BunSocket(`${server.url.replace("http", "ws")}/api/events${point}`, { headers: { authorization: `Bearer ${server.token}` } });
    this.socket = socket;
    // A message that was on its way when the next connection began is not listened to: the resume brings it again.
    socket.onmessage = ({ data }) => { if (this.socket === socket) this.take(JSON.parse(String(data)) as ServerMessage, server); };
    socket.onclose = () => { if (this.socket === socket) this.later(); };
    socket.onerror = () => {};
  }

  private later(): void {
    if (this.isClosed) return;
    this.timer = setTimeout(() => this.connect(), reconnectMs);
  }

  private take(message: ServerMessage, server: Started): void {
    if (message.type === "hello") return this.greet(message, server);
    if (message.type === "beat") {
      if (message.seq < this.seq) this.problems.push(`a beat said seq ${message.seq} after event ${this.seq}`);
      return;
    }
    if (message.seq <= this.seq) this.problems.push(`event ${message.seq} came after event ${this.seq}`);
    this.seq = message.seq;
    if (message.event.type === "job.changed") this.see(message.event.job);
  }

  private greet({ epoch, seq, resumed }: Extract<ServerMessage, { type: "hello" }>, server: Started): void {
    if (resumed) {
      if (epoch !== this.epoch) this.problems.push("a resume was granted for another epoch");
      this.resumes++;
      return;
    }
    this.refetches++;
    this.epoch = epoch;
    this.seq = seq;
    this.open = new Map();
    void this.refetch(server, this.open);
  }

  /** As a page does it: what comes by event meanwhile is newer than what the fetch brings. */
  private async refetch(server: Started, into: Map<string, View>): Promise<void> {
    try {
      for (const kind of ["training", "generation"]) {
        const answer = await server.api(`/api/${kind}?limit=500`, { signal: AbortSignal.timeout(fetchLimitMs) });
        const { jobs } = (await answer.json()) as { jobs: Job[] };
        for (const job of jobs) if (!into.has(job.id) && into === this.open) this.see(job);
      }
    } catch {
      // The server was killed meanwhile, or was slow: the next connection must not resume what was never fetched.
      if (into !== this.open) return;
      this.epoch = null;
      this.drop();
    }
  }

  private see(job: Job): void {
    let view = this.open.get(job.id);
    if (view === undefined) {
      view = { jobId: job.id, states: [] };
      this.open.set(job.id, view);
      this.views.push(view);
    }
    if (view.states.at(-1) !== job.state) view.states.push(job.state);
  }
}
