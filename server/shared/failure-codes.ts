/** Waits before the new tries after a failure. */
export interface RetryRule {
  readonly kind: "retry";
  /** Follows "Tries again in 40 s because". */
  readonly because: string;
  /** New tries after the first one. */
  readonly retries: number;
  readonly firstMs: number;
  /** At least 1.5, so that with the jitter a wait is never shorter than the one before. */
  readonly factor: number;
}

/** What happens by itself after a failure. */
export type FailureRule =
  | RetryRule
  /** Waits until the disk has room and uses no attempt; fails where there is room, for then waiting changes nothing. */
  | { readonly kind: "wait-for-room" };

/** Which buttons stand under a failure. */
export type RemedyKind = "token" | "licence" | "settings" | "memory" | "disk" | "again" | "photos" | "calmer" | "unknown";

interface FailureClass {
  /** Absent: it waits for a person, since the same would only happen again. */
  readonly rule?: FailureRule;
  readonly remedy: RemedyKind;
}

/** Six tries within an hour. */
const slowly = { kind: "retry", retries: 5, firstMs: 40_000, factor: 2.5 } as const;
/** A job that takes its worker down three times is parked. */
const soon = { kind: "retry", retries: 2, firstMs: 1_000, factor: 4 } as const;
const once = { kind: "retry", retries: 1, firstMs: 5_000, factor: 2 } as const;

/**
 * Every class of failure: what follows by itself, and what a person can do. Its words stand in `ui/text/failures.ts`, its signs with the
 * tool that it comes from. A damaged file that is not ours to remove is not tried again, whatever stands here: its failure is `lasting`.
 */
export const failureCodes = {
  // The machine
  vram: { remedy: "memory" },
  host_oom: { rule: { ...once, because: "the machine ran out of memory" }, remedy: "again" },
  gpu_fault: { remedy: "settings" },
  disk_full: { rule: { kind: "wait-for-room" }, remedy: "disk" },
  storage: { rule: { ...slowly, because: "the disk could not be read or written" }, remedy: "disk" },
  short_supply: { rule: { ...slowly, because: "the machine could start no further program" }, remedy: "again" },
  port: { rule: { ...soon, because: "a port was taken" }, remedy: "settings" },
  status_locked: { rule: { ...soon, because: "a file was locked for too long" }, remedy: "again" },
  // What a tool fetches
  network: { rule: { ...slowly, because: "the network failed" }, remedy: "again" },
  hf_auth: { remedy: "token" },
  hf_gated: { remedy: "licence" },
  hf_missing: { remedy: "settings" },
  // The end of a program
  interrupted: { rule: { ...soon, because: "it was interrupted" }, remedy: "again" },
  killed: { rule: { ...once, because: "it was killed from outside" }, remedy: "again" },
  native_crash: { rule: { ...once, because: "the tool crashed" }, remedy: "again" },
  stopped_outside: { remedy: "again" },
  ended_without_result: { remedy: "again" },
  interrupted_too_often: { remedy: "again" },
  server_died: { remedy: "again" },
  // How a tool is set up
  install: { remedy: "settings" },
  config: { remedy: "settings" },
  engine: { remedy: "settings" },
  service_unavailable: { remedy: "settings" },
  incompatible: { remedy: "settings" },
  // Files
  missing_file: { remedy: "settings" },
  corrupt_model: { rule: { ...once, because: "a damaged file was set aside" }, remedy: "again" },
  model_mismatch: { remedy: "settings" },
  lora_missing: { remedy: "again" },
  lora_damaged: { remedy: "again" },
  picture_missing: { remedy: "again" },
  bad_picture: { remedy: "again" },
  no_photos: { remedy: "photos" },
  dataset_missing: { remedy: "photos" },
  // The work itself
  diverged: { remedy: "calmer" },
  refused: { remedy: "settings" },
  invalid: { remedy: "again" },
  not_possible: { remedy: "again" },
  unreadable_job: { remedy: "unknown" },
  unknown_kind: { remedy: "unknown" },
  internal: { remedy: "unknown" },
  unknown: { remedy: "unknown" },
} as const satisfies Readonly<Record<string, FailureClass>>;

export type FailureCode = keyof typeof failureCodes;

/** Also of a job that another version wrote down. */
export function failureClassOf(code: string): FailureClass {
  return Object.hasOwn(failureCodes, code) ? failureCodes[code as FailureCode] : failureCodes.unknown;
}
