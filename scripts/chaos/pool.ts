import { type ChaosResult, runChaos } from "./run.ts";

export interface PoolOptions {
  readonly seeds: Iterable<number>;
  readonly steps: number;
  /** A seed mostly waits, so some at once take hardly longer than one. */
  readonly parallel: number;
  readonly executable?: string;
  readonly keep?: boolean;
  readonly say?: (line: string) => void;
  onResult(result: ChaosResult): void;
}

/** Runs many seeds, some at a time; each has its own server and folder. */
export async function runPool({ seeds, parallel, onResult, ...options }: PoolOptions): Promise<void> {
  const queue = seeds[Symbol.iterator]();
  const worker = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) onResult(await runChaos({ ...options, seed: next.value }));
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}
