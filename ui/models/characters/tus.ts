import type { UploadOutcome } from "../../../server/contract/character.ts";
import { ApiError, readError, type Api } from "../../api.ts";
import { backOffMs } from "../../socket.ts";
import { readPart } from "./file-part.ts";

/** The first part is small so that progress shows soon; parts grow while the line is fast. The server takes 8 MiB. */
const firstPartBytes = 256 * 1024;
const maxPartBytes = 8 * 1024 * 1024;
const fastPartMs = 700;
/** A part that takes longer than this is sent again from where the server stands. */
const partTimeoutMs = 120_000;
/** Attempts in a row without one new byte; then the file is marked as failed and can be tried again by hand. */
const maxAttempts = 12;

export type TusWait = (ms: number, signal: AbortSignal) => Promise<void>;

export interface SendFileOptions {
  api: Api;
  store: Storage;
  characterId: string;
  file: File;
  signal: AbortSignal;
  onProgress(sentBytes: number): void;
  /** `reason`: a sentence. */
  onRetry(seconds: number, reason: string): void;
  wait?: TusWait;
}

/** The address under which an unfinished file goes on is remembered by what the person would call the same file. */
export function uploadKey(characterId: string, file: { name: string; size: number; lastModified: number }): string {
  return `isengard.upload|${characterId}|${file.name}|${file.size}|${file.lastModified}`;
}

/**
 * Sends one file with the tus protocol and waits for what became of it. Goes on where an earlier attempt ended, also after
 * a reload. Throws ApiError when the server refuses, or after `maxAttempts` without progress; aborts with the signal.
 */
export async function sendFile(options: SendFileOptions): Promise<UploadOutcome> {
  const key = uploadKey(options.characterId, options.file);
  try {
    return await sendWithRetries(options, key);
  } catch (thrown) {
    if (options.signal.aborted) await forget(options, key);
    throw thrown;
  }
}

async function sendWithRetries(options: SendFileOptions, key: string): Promise<UploadOutcome> {
  const { store, signal } = options;
  const wait = options.wait ?? waitMs;
  let failures = 0;
  let best = -1;
  for (;;) {
    try {
      const { url, offset } = await findOrCreate(options, key);
      await sendParts(options, url, offset, (sent) => {
        if (sent > best) failures = 0;
        best = Math.max(best, sent);
        options.onProgress(sent);
      });
      const outcome = await options.api.get<UploadOutcome>(`${url}/outcome`, { signal });
      store.removeItem(key);
      return outcome;
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      if (!isPassing(thrown)) {
        store.removeItem(key);
        throw thrown;
      }
      failures += 1;
      if (failures >= maxAttempts) throw thrown;
      options.onRetry(backOffMs(failures) / 1000, reasonOf(thrown));
      await wait(backOffMs(failures), signal);
    }
  }
}

/** The connection, the server's restart or its load are to blame, not the file. */
function isPassing(thrown: unknown): boolean {
  if (!(thrown instanceof ApiError)) return true;
  return thrown.status === 0 || thrown.status >= 500 || [408, 409, 423, 429, 460].includes(thrown.status);
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof ApiError && thrown.status !== 0 ? thrown.what : "No connection.";
}

async function findOrCreate(options: SendFileOptions, key: string): Promise<{ url: string; offset: number }> {
  const { api, store, file, signal } = options;
  const known = store.getItem(key);
  if (known !== null) {
    const head = await request(api, known, { method: "HEAD", signal }, [404, 410]);
    const offset = Number(head.headers.get("upload-offset") ?? Number.NaN);
    if (head.ok && Number.isSafeInteger(offset)) return { url: known, offset };
    store.removeItem(key);
  }
  const created = await request(api, "/api/uploads", {
    method: "POST",
    signal,
    headers: {
      "upload-length": String(file.size),
      "upload-metadata": `filename ${base64(file.name)},characterId ${base64(options.characterId)}`,
    },
  });
  const url = new URL(created.headers.get("location") ?? "", "http://page").pathname;
  remember(store, key, url);
  return { url, offset: 0 };
}

/** A store that is full or forbidden costs only the going on after a reload. */
function remember(store: Storage, key: string, url: string): void {
  try {
    store.setItem(key, url);
  } catch {
    // The file is sent all the same.
  }
}

async function sendParts(options: SendFileOptions, url: string, from: number, onSent: (bytes: number) => void): Promise<void> {
  const { api, file, signal } = options;
  let offset = from;
  let size = firstPartBytes;
  onSent(offset);
  while (offset < file.size) {
    const start = performance.now();
    const part = await readPart(file, offset, Math.min(offset + size, file.size));
    const answer = await request(api, url, {
      method: "PATCH",
      body: part,
      signal,
      headers: { "upload-offset": String(offset), "content-type": "application/offset+octet-stream" },
    });
    const next = Number(answer.headers.get("upload-offset") ?? offset + part.byteLength);
    if (!(next > offset)) throw new Error("The server took none of the bytes that were sent.");
    offset = next;
    onSent(offset);
    if (performance.now() - start < fastPartMs) size = Math.min(size * 2, maxPartBytes);
  }
}

async function request(api: Api, path: string, init: RequestInit, allowed: readonly number[] = []): Promise<Response> {
  const signal = AbortSignal.any([init.signal!, AbortSignal.timeout(partTimeoutMs)]);
  const response = await api.send(path, { ...init, signal, headers: { ...(init.headers as Record<string, string>), "tus-resumable": "1.0.0" } });
  if (!response.ok && !allowed.includes(response.status)) throw await readError(response);
  return response;
}

/** A cancelled file is deleted on the server; where that fails the server removes it by age. */
async function forget({ api, store }: SendFileOptions, key: string): Promise<void> {
  const url = store.getItem(key);
  store.removeItem(key);
  if (url !== null) await api.send(url, { method: "DELETE", headers: { "tus-resumable": "1.0.0" } }).catch(() => undefined);
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

const waitMs: TusWait = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    }, { once: true });
  });
