import type { Obstacle } from "../contract/obstacle.ts";

/** Every code that the API can answer with, its HTTP status and its standing advice. */
export const errorTable = {
  bad_request: { status: 400, fix: "Check the request and send it again." },
  invalid_input: { status: 422, fix: "Correct the fields that are named and try again." },
  not_authenticated: { status: 401, fix: "Open the link that Isengard printed at start, or paste the access token (isengard token)." },
  forbidden: { status: 403, fix: "Open Isengard under the address that it printed." },
  not_found: { status: 404, fix: "It may have been deleted. Go back and reload the list." },
  method_not_allowed: { status: 405, fix: "Check the address and the method of the request." },
  conflict: { status: 409, fix: "Reload to see the present state, then try again." },
  request_timeout: { status: 408, fix: "Send it again, all at once." },
  too_large: { status: 413, fix: "Send a smaller file or fewer at once." },
  unsupported_media: { status: 415, fix: "Send JPEG, PNG or WebP pictures." },
  range_not_satisfiable: { status: 416, fix: "Ask for a range inside the file." },
  /** The status that tus has for it. */
  checksum_mismatch: { status: 460, fix: "Ask for the offset (HEAD), then send these bytes again." },
  wrong_version: { status: 412, fix: "Use a client that speaks the version that is named." },
  trigger_word_taken: { status: 409, fix: "Choose another trigger word; the form suggests one." },
  no_photos: { status: 409, fix: "Add photos of the person first; 10 to 20 make a good training." },
  mode_not_chosen: { status: 409, fix: "Choose on the first page whether to try Isengard or to use this machine's GPU." },
  backend_unavailable: { status: 409, fix: "The checks in Settings, and isengard doctor, name what is missing on this machine and where it is set." },
  cannot_run: { status: 409, fix: "Put right what is named, then try again; or send queueAnyway: true to have it tried when its turn comes." },
  not_supported: { status: 400, fix: "Remove that setting; the form shows which are available and why others are not." },
  not_implemented: { status: 501, fix: "This part of Isengard is in development." },
  job_finished: { status: 409, fix: "Nothing needs to be done: the job has already ended." },
  storage_full: { status: 507, fix: "Free disk space or move Isengard's folder, then try again." },
  storage_unusable: {
    status: 503, fix: "Check that Isengard's folder is there, that its volume is mounted and may be written to, then try again.",
  },
  on_hold: { status: 503, fix: "Open Isengard's page: it shows what is wrong and the backups that can be used." },
  too_many_requests: { status: 429, fix: "Wait a minute and try again." },
  internal: { status: 500, fix: "Try again. If it stays, copy the reference and look it up on the Logs page." },
} as const;

export type ErrorCode = keyof typeof errorTable;

export interface AppErrorOptions {
  /** Why it failed. Defaults to an empty sentence. */
  why?: string;
  /** What to do; defaults to the table's advice. */
  fix?: string;
  fields?: Array<{ path: string; message: string }>;
  /** What keeps work from running, each with its own way out. */
  obstacles?: Obstacle[];
  cause?: unknown;
}

/** An error that a person may read. `message` says what failed, on what. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly why: string;
  readonly fix: string;
  readonly fields: Array<{ path: string; message: string }> | undefined;
  readonly obstacles: Obstacle[] | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.why = options.why ?? "";
    this.fix = options.fix ?? errorTable[code].fix;
    this.fields = options.fields;
    this.obstacles = options.obstacles;
  }

  get status(): number {
    return errorTable[this.code].status;
  }
}

/** For look-ups by id in a route: says which kind of thing is missing. */
export function notFound(noun: string, id: string): AppError {
  return new AppError("not_found", `There is no ${noun} with the id ${id.slice(0, 64)}.`);
}
