import { afterEach, beforeEach, expect, test } from "bun:test";
import { Elysia } from "elysia";
import type { ServerMessage } from "../contract/event.ts";
import type { Job } from "../contract/job.ts";
import { Hub } from "../events/hub.ts";
import { openRig, type Rig } from "../jobs/testing/rig.ts";
import { seededRandom } from "../testing/random.ts";
import { waitFor } from "../testing/wait.ts";
import { Sessions } from "../db/sessions.ts";
import { Access } from "./gate/access.ts";
import { eventsApi } from "./events.ts";

const drops = Number(process.env["ISENGARD_TEST_DROPS"] ?? 200);
const seed = Number(process.env["ISENGARD_TEST_SEED"] ?? Date.now() % 100_000);
/** More than the server keeps of the past: whoever is away for it has to fetch everything. */
const stormEvents = 4_500;

let rig: Rig;
let hub: Hub;
let server: { stop(): unknown; port: number };
beforeEach(() => {
  rig = openRig();
  rig.db.run("pragma synchronous = off"); // no power is cut here
  hub = new Hub(rig.bus, "build");
  const app = new Elysia({ serve: { idleTimeout: 0 } }).use(eventsApi(hub, new Access("t".repeat(43), new Sessions(rig.db), { enabled: false }))).listen({ port: 0, hostname: "127.0.0.1" });
  server = { stop: () => app.stop(true), port: app.server!.port! };
});
afterEach(async () => {
  hub.close();
  await server.stop();
  await rig.close();
});

type Told = { readonly seq: number; readonly job: Job };

/** A page: it remembers where it was, and what it was told or has fetched. */
class Page {
  readonly told: Told[] = [];
  readonly shown = new Map<string, string>();
  /** Up to this number everything was in what was fetched. */
  readonly fetched: number[] = [];
  position: { epoch: string; since: number } | null = null;
  private socket: WebSocket | null = null;

  /** `resolve` is called with each message. */
  connect(onMessage: () => void, onOpen: () => void): void {
    const at = this.position;
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/api/events${at === null ? "" : `?epoch=${at.epoch}&since=${at.since}`}`);
    this.socket = socket;
    socket.onopen = onOpen;
    socket.onmessage = ({ data }) => {
      if (this.socket !== socket) return;
      this.receive(JSON.parse(String(data)) as ServerMessage);
      onMessage();
    };
  }

  drop(): void {
    const socket = this.socket as (WebSocket & { terminate(): void }) | null;
    this.socket = null;
    socket?.terminate();
  }

  private receive(message: ServerMessage): void {
    if (message.type === "hello") {
      if (!message.resumed) this.fetch(message.seq);
      this.position = { epoch: message.epoch, since: message.resumed ? this.position!.since : message.seq };
    } else if (message.type === "event") {
      this.position = { epoch: this.position!.epoch, since: message.seq };
      if (message.event.type !== "job.changed") return;
      this.told.push({ seq: message.seq, job: message.event.job });
      this.shown.set(message.event.job.id, message.event.job.state);
    }
  }

  private fetch(upTo: number): void {
    this.fetched.push(upTo);
    for (const job of rig.jobs.store.list({ limit: 500 })) this.shown.set(job.id, job.state);
  }
}

test(`Q20: a page whose connection drops ${drops} times is told every change of every job once, in order (seed ${seed})`, async () => {
  const random = seededRandom(seed);
  const published: Told[] = [];
  rig.bus.subscribe(({ seq, event }) => {
    if (event.type === "job.changed") published.push({ seq, job: event.job });
  });
  rig.painter.work = async () => {
    await Bun.sleep(random(3));
    return { kind: "failed", failure: { code: "vram", what: "Out of memory.", why: "", fix: "", tail: [] } };
  };
  rig.start();
  const page = new Page();
  for (let drop = 0; drop < drops; drop++) {
    if (rig.jobs.store.queued(3).length < 3) for (let index = 0; index < 3; index++) rig.paint();
    const enough = Promise.withResolvers<void>();
    // Cut before it is open, when it is open, or after some messages.
    const wanted = random(8) - 2;
    let seen = 0;
    const late = setTimeout(enough.resolve, 30);
    page.connect(() => void (++seen >= wanted && enough.resolve()), () => void (wanted === -1 && enough.resolve()));
    if (wanted > -2) await enough.promise;
    clearTimeout(late);
    page.drop();
    if (drop % Math.ceil(drops / 3) === 10) for (let index = 0; index < stormEvents; index++) rig.bus.publish({ type: "photos.changed", characterId: "chr-x" });
  }
  await waitFor("all jobs have ended", () => rig.jobs.store.queued(1).length === 0 && rig.jobs.store.active().length === 0, 30_000);
  page.connect(() => {}, () => {});
  await waitFor("the page is up to date", () => page.position?.since === rig.bus.seq, 10_000);
  page.drop();

  const seqs = page.told.map(({ seq }) => seq);
  expect(seqs).toEqual([...new Set(seqs)].sort((one, other) => one - other));
  const known = new Set(seqs);
  // What was not told lies before a fetch, and behind what had been told until then.
  const missing = published.filter(({ seq }) => !known.has(seq));
  for (const { seq } of missing) expect(page.fetched.some((upTo) => seq <= upTo && !seqs.some((told) => told > seq && told <= upTo))).toBe(true);
  for (const job of rig.jobs.store.list({ limit: 500 })) expect(page.shown.get(job.id)).toBe(job.state);
  expect(page.fetched.length).toBeWithin(2, 6);
  expect(page.told.length).toBeGreaterThan(50);
}, 180_000);
