import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { UploadOutcome } from "../../server/contract/character.ts";
import { asApiError, type Api, type ApiError } from "../api.ts";
import { sendFile, type TusWait } from "./tus.ts";

/** Files sent at the same time; leaves connections free for the page itself. */
const parallel = 3;
/** More files at once are refused with a sentence, so that a dropped disk does not fill the page. */
export const maxFilesAtOnce = 500;

export type UploadState = "waiting" | "sending" | "retrying" | "added" | "duplicate" | "rejected" | "failed";

export interface Upload {
  readonly id: number;
  readonly characterId: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly state: UploadState;
  readonly sentBytes: number;
  /** Why it was refused or failed, or what it waits for; empty otherwise. */
  readonly note: string;
  readonly error: ApiError | null;
}

export interface UploadModel {
  /** In the order in which they were added; finished ones stay until they are cleared. */
  readonly uploads: ReadonlySignal<readonly Upload[]>;
  readonly busy: ReadonlySignal<boolean>;
  of(characterId: string): readonly Upload[];
  /** One bad file never stops the others. Returns how many were not taken because of the limit. */
  add(characterId: string, files: readonly File[]): number;
  retry(uploadId: number): void;
  cancel(uploadId: number): void;
  clearFinished(characterId: string): void;
  /** Called with each file's outcome. Returns the function that ends the subscription. */
  onOutcome(handler: (characterId: string, outcome: UploadOutcome) => void): () => void;
  dispose(): void;
}

export interface UploadOptions {
  api: Api;
  /** Remembers where each unfinished file goes on, also over a reload. */
  store: Storage;
  wait?: TusWait;
}

interface Task {
  readonly file: File;
  readonly abort: AbortController;
}

const finished = new Set<UploadState>(["added", "duplicate", "rejected", "failed"]);

export function createUploadModel(options: UploadOptions): UploadModel {
  const uploads = signal<readonly Upload[]>([]);
  const tasks = new Map<number, Task>();
  const listeners = new Set<(characterId: string, outcome: UploadOutcome) => void>();
  const busy = computed(() => uploads.value.some((upload) => !finished.has(upload.state)));
  let nextId = 1;
  let running = 0;

  const patch = (id: number, change: Partial<Upload>) => {
    uploads.value = uploads.value.map((upload) => (upload.id === id ? { ...upload, ...change } : upload));
  };
  const pump = () => {
    while (running < parallel) {
      const next = uploads.value.find((upload) => upload.state === "waiting");
      if (!next) return;
      running += 1;
      patch(next.id, { state: "sending", note: "", error: null });
      void run(next).finally(() => {
        running -= 1;
        pump();
      });
    }
  };
  const run = async (upload: Upload) => {
    const task = tasks.get(upload.id);
    if (!task) return;
    try {
      const outcome = await sendFile({
        api: options.api,
        store: options.store,
        wait: options.wait,
        characterId: upload.characterId,
        file: task.file,
        signal: task.abort.signal,
        onProgress: (sentBytes) => patch(upload.id, { state: "sending", sentBytes, note: "" }),
        onRetry: (seconds) => patch(upload.id, { state: "retrying", note: `No connection. Trying again in ${seconds} s.` }),
      });
      finish(upload, outcome);
    } catch (thrown) {
      if (task.abort.signal.aborted) return;
      const error = asApiError(thrown);
      patch(upload.id, { state: "failed", note: `${error.what} ${error.fix}`, error });
    }
  };
  const finish = (upload: Upload, outcome: UploadOutcome) => {
    tasks.delete(upload.id);
    patch(upload.id, { state: outcome.kind, sentBytes: upload.sizeBytes, note: outcome.kind === "rejected" ? outcome.reason : "" });
    for (const listener of listeners) listener(upload.characterId, outcome);
  };
  const askBeforeLeaving = (event: BeforeUnloadEvent) => {
    if (busy.value) event.preventDefault();
  };
  addEventListener("beforeunload", askBeforeLeaving);

  return {
    uploads,
    busy,
    of: (characterId) => uploads.value.filter((upload) => upload.characterId === characterId),
    add(characterId, files) {
      const taken = files.slice(0, maxFilesAtOnce);
      const fresh = taken.map((file): Upload => {
        const id = nextId++;
        tasks.set(id, { file, abort: new AbortController() });
        return { id, characterId, name: file.name, sizeBytes: file.size, state: "waiting", sentBytes: 0, note: "", error: null };
      });
      uploads.value = [...uploads.value, ...fresh];
      pump();
      return files.length - taken.length;
    },
    retry(id) {
      if (!tasks.has(id)) return;
      patch(id, { state: "waiting", note: "" });
      pump();
    },
    cancel(id) {
      tasks.get(id)?.abort.abort();
      tasks.delete(id);
      uploads.value = uploads.value.filter((upload) => upload.id !== id);
    },
    clearFinished(characterId) {
      const gone = uploads.value.filter((upload) => upload.characterId === characterId && finished.has(upload.state));
      for (const upload of gone) tasks.delete(upload.id);
      uploads.value = uploads.value.filter((upload) => !gone.includes(upload));
    },
    onOutcome(handler) {
      listeners.add(handler);
      return () => listeners.delete(handler);
    },
    dispose() {
      removeEventListener("beforeunload", askBeforeLeaving);
      for (const task of tasks.values()) task.abort.abort();
    },
  };
}
