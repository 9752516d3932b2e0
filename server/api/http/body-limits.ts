/** Room for every text and list that a request may have; a tenth of a second of work would fit into a megabyte. */
export const jsonBytes = 256 * 1024;
/** Without a session somebody may only say who they are. */
export const loginBytes = 2 * 1024;
/** Uploads come in chunks of at most 32 MiB; a script may send one form of up to 128 MB; a page sends its log lines together. */
const exceptions: ReadonlyArray<readonly [pattern: RegExp, bytes: number]> = [
  [/^\/api\/session$/, loginBytes],
  [/^\/api\/uploads\/[^/]+$/, 32 * 1024 * 1024],
  [/^\/api\/characters\/[^/]+\/images$/, 128 * 1000 * 1000],
  [/^\/api\/client-logs$/, 512 * 1024],
];

/** Beyond its limit so much of a body is read and forgotten: a sender that listens only after its last byte hears the refusal. */
export const passedBytes = 1024 * 1024;

/** How many bytes a request to this path may carry, whether it says so before or not. */
export function bodyLimit(path: string): number {
  return exceptions.find(([pattern]) => pattern.test(path))?.[1] ?? jsonBytes;
}

/** For a sentence: "256 kB", "128 MB". */
export function limitText(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.round(bytes / 1024)} kB` : `${Math.floor(bytes / 1_000_000)} MB`;
}

/** Whether bytes follow the headers. */
export function hasBody(request: Request): boolean {
  return request.headers.has("transfer-encoding") || Number(request.headers.get("content-length") ?? 0) > 0;
}

/** Logging in and all that stops work: it must go on where nothing new can be stored. */
const storesNothingNew = /^\/api\/(session|links|client-logs|queue\/pause|services\/[^/]+\/stop|(jobs|training|generation)\/[^/]+\/cancel|training\/estimate)$/;

/** Whether a request is going to leave something on the disk. */
export function storesSomething(request: Request): boolean {
  if (!["POST", "PUT", "PATCH"].includes(request.method)) return false;
  return !storesNothingNew.test(new URL(request.url).pathname);
}
