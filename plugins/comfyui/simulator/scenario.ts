import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

type ScenarioName =
  | "slow" | "out-of-memory" | "hang" | "ignore-term" | "slow-boot" | "port-taken" | "drop-socket" | "garbage" | "die-at-step";

const slowFactor = 5;
const slowBootMs = 8_000;
const usualBootMs = 500;

/** What goes wrong on purpose, and how fast time passes. Names of other simulators' scenarios mean nothing here. */
export class Scenario {
  constructor(readonly name: string, readonly speed: number, readonly markerDir: string) {}

  is(name: ScenarioName): boolean {
    return this.name === name;
  }

  /** True the first time only, also over restarts: the marker lies in the user folder. */
  once(name: ScenarioName): boolean {
    const marker = join(this.markerDir, `simulated-${name}`);
    if (!this.is(name) || existsSync(marker)) return false;
    writeFileSync(marker, "");
    return true;
  }

  get bootMs(): number {
    return (this.is("slow-boot") ? slowBootMs : usualBootMs) / this.speed;
  }

  /** Lets work of this length pass. */
  async work(ms: number): Promise<void> {
    await Bun.sleep((ms * (this.is("slow") ? slowFactor : 1)) / this.speed);
  }
}
