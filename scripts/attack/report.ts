/** What one attack measured, beside the limit that Isengard promises. */
export interface Finding {
  readonly attack: string;
  readonly measured: string;
  readonly limit: string;
  readonly holds: boolean;
}

export const found = (attack: string, measured: string, limit: string, holds: boolean): Finding => ({ attack, measured, limit, holds });

export const atMost = (attack: string, value: number, limit: number, unit: string): Finding =>
  found(attack, `${Math.round(value)} ${unit}`, `at most ${limit} ${unit}`, value <= limit);

export function formatFinding({ attack, measured, limit, holds }: Finding): string {
  return `${holds ? "held  " : "BROKEN"} ${attack.padEnd(92)} ${measured.padEnd(24)} (limit: ${limit})`;
}
