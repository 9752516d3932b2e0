import type { Check } from "../contract/system.ts";
import type { PluginParts } from "../../plugins/plugin.ts";

/** What was found out about the tools, by the kind of work that needs them. */
export interface ToolChecks {
  readonly training: Check[];
  readonly image: Check[];
}

/** Whoever looks at the installation of the tools. */
export interface CheckKeeper {
  /** The last answer, at once; null: nobody has looked yet. One that has become old is asked for anew meanwhile. */
  known(): ToolChecks | null;
  /** Half a minute old at most. */
  recent(): Promise<ToolChecks>;
  /** Of a look that begins after this call. */
  fresh(): Promise<ToolChecks>;
}

/** A tool that was found in order is not looked at again for so long. */
const keptMs = 30_000;

/** What the backends say about the installation of their tools. Loading PyTorch to ask it takes seconds, so answers are kept. */
export class ToolCheckWatch implements CheckKeeper {
  private last: { readonly checks: ToolChecks; readonly at: number } | null = null;
  private asking: Promise<ToolChecks> | null = null;
  private next: Promise<ToolChecks> | null = null;
  /** Counts what was forgotten: an answer about the tools of another mode is not kept. */
  private life = 0;

  constructor(
    private readonly parts: () => readonly PluginParts[],
    /** Called when an answer says something new. */
    private readonly onChange: () => void,
  ) {}

  /** The tools are others now. */
  forget(): void {
    this.life++;
    this.last = null;
  }

  known(): ToolChecks | null {
    if (this.isOld()) void this.recent().catch(() => undefined); // told to whoever asks for it
    return this.last?.checks ?? null;
  }

  async recent(): Promise<ToolChecks> {
    return this.last !== null && !this.isOld() ? this.last.checks : this.look();
  }

  fresh(): Promise<ToolChecks> {
    const { asking } = this;
    if (asking === null) return this.look();
    this.next ??= asking.then(() => undefined, () => undefined).then(() => {
      this.next = null;
      return this.look();
    });
    return this.next;
  }

  private isOld(): boolean {
    return this.last === null || performance.now() - this.last.at > keptMs;
  }

  private look(): Promise<ToolChecks> {
    this.asking ??= this.askBackends().finally(() => (this.asking = null));
    return this.asking;
  }

  private async askBackends(): Promise<ToolChecks> {
    const { life } = this;
    const parts = this.parts();
    const ask = async (kind: "training" | "image"): Promise<Check[]> =>
      (await Promise.all(parts.map((part) => part[kind]?.checks() ?? []))).flat();
    const [training, image] = await Promise.all([ask("training"), ask("image")]);
    const checks = { training, image };
    if (life !== this.life) return checks;
    const isNews = this.last === null || saying(checks) !== saying(this.last.checks);
    this.last = { checks, at: performance.now() };
    if (isNews) this.onChange();
    return checks;
  }
}

/** Without the time, which is another at each look. */
function saying(checks: ToolChecks): string {
  return JSON.stringify(checks, (key, value: unknown) => (key === "checkedAt" ? undefined : value));
}
