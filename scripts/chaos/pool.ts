import { type ChaosResult, runChaos } from "./run.ts";

export interface PoolOptions {
  readonly plans: Iterable<{ readonly seed: number; readonly steps: number }>;
  /** A seed mostly waits, so some at once take hardly longer than one. */
  readonly parallel: number;
  readonly executable?: string;
  readonly keep?: boolean;
  readonly say?: (line: string) => void;
  onResult(result: ChaosResult): void;
}

/** Runs many seeds, some at a time; each has its own server and folder. */
export async function runPool({ plans, parallel, onResult, ...options }: PoolOptions): Promise<void> {
  const queue = plans[Symbol.iterator]();
  const worker = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      const { seed, steps } = next.value;
      onResult(await runChaos({ ...options, seed, steps }));
    };
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}
