/** What is done to a server, in order, wholly made from the seed: the same seed gives the same plan on every machine. */
export type ActionKind =
  | "train" | "generate" | "generate-twice" | "cancel"
  | "kill-server" | "kill-server-while-submitting" | "kill-holder" | "kill-child" | "kill-comfyui" | "kill-all"
  | "restart" | "drop-socket" | "clock-jump" | "full-disk";

export interface Action {
  readonly kind: ActionKind;
  /** Pause before it. */
  readonly afterMs: number;
  /** Chooses among what is there when the action comes, such as the job to cancel. */
  readonly pick: number;
  readonly size: number;
}

export interface Surroundings {
  /** The data folder lies on a small disk of its own, which can be filled. */
  readonly disk: boolean;
  /** The server's clock can be moved. */
  readonly clock: boolean;
}

const weights: Readonly<Record<ActionKind, number>> = {
  train: 12, generate: 14, "generate-twice": 5, cancel: 8,
  "kill-server": 22, "kill-server-while-submitting": 7, "kill-holder": 7, "kill-child": 7, "kill-comfyui": 6, "kill-all": 2,
  restart: 8, "drop-socket": 9, "clock-jump": 3, "full-disk": 2,
};

export function makePlan(seed: number, steps: number, { disk, clock }: Surroundings): Action[] {
  const random = createRandom(seed);
  const kinds = (Object.keys(weights) as ActionKind[]).filter((kind) => (disk || kind !== "full-disk") && (clock || kind !== "clock-jump"));
  const total = kinds.reduce((sum, kind) => sum + weights[kind], 0);
  const first: ActionKind[] = ["train", "generate"];
  return Array.from({ length: steps }, (_, index) => {
    const kind = first[index] ?? choose(kinds, random() * total);
    return { kind, afterMs: Math.floor(random() ** 2 * 300), pick: random(), size: random() };
  });
}

function choose(kinds: readonly ActionKind[], at: number): ActionKind {
  let left = at;
  for (const kind of kinds) {
    left -= weights[kind];
    if (left < 0) return kind;
  }
  return kinds[0]!;
}

/** mulberry32: small, seeded, and good in all of its bits. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function describeAction({ kind, afterMs, pick, size }: Action): string {
  return `+${afterMs}ms ${kind}(${pick.toFixed(3)}, ${size.toFixed(3)})`;
}
