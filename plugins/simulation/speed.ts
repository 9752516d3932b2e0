const scenarioWord = /^[a-z0-9-]{1,40}$/;
const fastest = 1000;

/** What a simulator plays: `ok` unless `ISENGARD_SIM_SCENARIO` names another; unknown names mean `ok` to it. */
export function scenario(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const word = env.ISENGARD_SIM_SCENARIO ?? "";
  return scenarioWord.test(word) ? word : "ok";
}

/** How many times faster than a demonstration a simulator runs; 1 unless `ISENGARD_SIM_SPEED` says otherwise. */
export function speed(env: Readonly<Record<string, string | undefined>> = process.env): number {
  const value = Number(env.ISENGARD_SIM_SPEED ?? "1");
  return Number.isFinite(value) && value > 0 ? Math.min(value, fastest) : 1;
}
