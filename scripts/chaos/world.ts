import type { Job, JobKind } from "../../server/contract/job.ts";
import { type Started, startExecutable } from "../testing/executable.ts";
import { makeCharacter } from "../testing/story.ts";
import { Browser } from "./browser.ts";
import { TestClock, TestDisk } from "./disk.ts";
import { scan } from "./processes.ts";
import type { Found } from "./processes.ts";

export interface WorldOptions {
  readonly executable?: string;
  readonly speed: number;
  readonly wantsDisk: boolean;
  readonly wantsClock: boolean;
}

/** What a person asked for, and what was answered. `id` null: nobody knows yet whether it got through. */
export interface Wish {
  readonly key: string;
  readonly kind: JobKind;
  readonly body: Record<string, unknown>;
  /** Monotonic. */
  readonly madeAt: number;
  id: string | null;
  cancel: "never" | "asked" | "acknowledged";
}

export interface Answer {
  readonly status: number;
  readonly job: Job | null;
}

const answerLimitMs = 5_000;
const people = ["Ada", "Grace", "Mary"];

/** One server in one folder, with what was asked of it and one open tab. */
export class World {
  readonly wishes: Wish[] = [];
  readonly problems: string[] = [];
  readonly characters: string[] = [];
  readonly disk: TestDisk;
  readonly clock: TestClock | null;
  readonly browser: Browser;
  kills = 0;
  /** Those of them that ended the server. */
  serverKills = 0;
  /** When tools or the disk were hurt: only then may a job fail, with a reason. */
  readonly hurts: Array<{ readonly at: number; readonly time: number; readonly what: "tool" | "disk" }> = [];
  private server: Started | null = null;
  private keys = 0;

  static async make(options: WorldOptions): Promise<World> {
    const world = new World(options);
    await world.start();
    for (const name of people) world.characters.push((await makeCharacter(world.required(), name, 3)).id);
    return world;
  }

  private constructor(private readonly options: WorldOptions) {
    this.disk = new TestDisk(options.wantsDisk);
    this.clock = options.wantsClock ? TestClock.find(this.folder) : null;
    this.browser = new Browser(() => this.server);
  }

  get folder(): string {
    return this.disk.folder;
  }

  /** null: it is down just now. */
  get running(): Started | null {
    return this.server;
  }

  required(): Started {
    if (this.server === null) throw new Error("The server is down.");
    return this.server;
  }

  async start(): Promise<void> {
    const { executable, speed } = this.options;
    this.server = await startExecutable({
      folder: this.folder, env: this.clock?.env ?? {}, flags: ["--mode", "fast-test", "--simulate-speed", String(speed)],
      ...(executable === undefined ? {} : { executable }),
    });
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const server = this.server;
    this.server = null;
    if (server === null) return;
    const code = await server.kill(signal);
    if (signal === "SIGTERM" && code !== 0) this.problems.push(`the server ended with code ${code} after SIGTERM:\n${server.printed().slice(-1500)}`);
  }

  /** To be called before it happens: the server may have noticed by the time that whoever did it runs again. */
  hurt(what: "tool" | "disk"): void {
    this.hurts.push({ at: performance.now(), time: Date.now(), what });
  }

  /** It had ended by itself. */
  unhurt(): void {
    this.hurts.pop();
  }

  isOurs = (run: string): boolean => this.wishes.some(({ id }) => id !== null && run.startsWith(id));

  processes(maxAgeMs = 0): Found[] {
    return scan(this.folder, this.isOurs, maxAgeMs);
  }

  wish(kind: JobKind, body: Record<string, unknown>): Wish {
    const wish: Wish = { key: `chaos-${this.keys++}`, kind, body, madeAt: performance.now(), id: null, cancel: "never" };
    this.wishes.push(wish);
    return wish;
  }

  /** Sends a wish, also again. null: no answer came. A refusal by rule (409) is an answer. */
  async send(wish: Wish): Promise<Answer | null> {
    const answer = await this.call<Job>(`/api/${wish.kind}`, { "idempotency-key": wish.key }, wish.body);
    if (answer?.job) {
      if (wish.id !== null && wish.id !== answer.job.id) this.problems.push(`one key gave two jobs: ${wish.id} and ${answer.job.id}`);
      wish.id = answer.job.id;
    }
    return answer;
  }

  async cancel(wish: Wish): Promise<void> {
    if (wish.cancel === "never") wish.cancel = "asked";
    const answer = await this.call<Job>(`/api/${wish.kind}/${wish.id}/cancel`, {}, {});
    if (answer?.job) wish.cancel = "acknowledged";
  }

  private async call<T extends Job>(path: string, headers: Record<string, string>, body: unknown): Promise<{ status: number; job: T | null } | null> {
    const server = this.server;
    if (server === null) return null;
    try {
      const answer = await server.api(path, {
        method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body), signal: AbortSignal.timeout(answerLimitMs),
      });
      const text = await answer.text();
      // Only two trainings of one character, and a job that has ended meanwhile, may be refused.
      if (!answer.ok && answer.status !== 409) this.problems.push(`POST ${path} was answered with ${answer.status}: ${text.slice(0, 500)}`);
      return { status: answer.status, job: answer.ok ? (JSON.parse(text) as T) : null };
    } catch {
      // The server was killed before it could answer: what became of the wish is found out later.
      return null;
    }
  }
}
