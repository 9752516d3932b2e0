import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { UploadOutcome } from "../../../server/contract/character.ts";
import { asApiError, type Api, type ApiError } from "../../api.ts";
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

/** The reason too where the person's own file is to blame: it tells them what to look for. */
function noteOf(error: ApiError): string {
  return [error.what, error.code === "unreadable_file" ? error.why : "", error.fix].filter((part) => part !== "").join(" ");
}

export function createUploadModel(options: UploadOptions): UploadModel {
  return new Uploads(options);
}

class Uploads implements UploadModel {
  readonly uploads = signal<readonly Upload[]>([]);
  readonly busy = computed(() => this.uploads.value.some((upload) => !finished.has(upload.state)));
  private readonly tasks = new Map<number, Task>();
  private readonly listeners = new Set<(characterId: string, outcome: UploadOutcome) => void>();
  private nextId = 1;
  private running = 0;

  constructor(private readonly options: UploadOptions) {
    addEventListener("beforeunload", this.askBeforeLeaving);
  }

  of(characterId: string): readonly Upload[] {
    return this.uploads.value.filter((upload) => upload.characterId === characterId);
  }

  add(characterId: string, files: readonly File[]): number {
    const taken = files.slice(0, maxFilesAtOnce);
    const fresh = taken.map((file): Upload => {
      const id = this.nextId++;
      this.tasks.set(id, { file, abort: new AbortController() });
      return { id, characterId, name: file.name, sizeBytes: file.size, state: "waiting", sentBytes: 0, note: "", error: null };
    });
    this.uploads.value = [...this.uploads.value, ...fresh];
    this.pump();
    return files.length - taken.length;
  }

  retry(id: number): void {
    if (!this.tasks.has(id)) return;
    this.patch(id, { state: "waiting", note: "" });
    this.pump();
  }

  cancel(id: number): void {
    this.tasks.get(id)?.abort.abort();
    this.tasks.delete(id);
    this.uploads.value = this.uploads.value.filter((upload) => upload.id !== id);
  }

  clearFinished(characterId: string): void {
    const gone = this.of(characterId).filter((upload) => finished.has(upload.state));
    for (const upload of gone) this.tasks.delete(upload.id);
    this.uploads.value = this.uploads.value.filter((upload) => !gone.includes(upload));
  }

  onOutcome(handler: (characterId: string, outcome: UploadOutcome) => void): () => void {
    this.listeners.add(handler);
    return () => this.listeners.delete(handler);
  }

  dispose(): void {
    removeEventListener("beforeunload", this.askBeforeLeaving);
    for (const task of this.tasks.values()) task.abort.abort();
  }

  private pump(): void {
    while (this.running < parallel) {
      const next = this.uploads.value.find((upload) => upload.state === "waiting");
      if (!next) return;
      this.running += 1;
      this.patch(next.id, { state: "sending", note: "", error: null });
      void this.run(next).finally(() => {
        this.running -= 1;
        this.pump();
      });
    }
  }

  private async run(upload: Upload): Promise<void> {
    const task = this.tasks.get(upload.id);
    if (!task) return;
    const { api, store, wait } = this.options;
    try {
      const outcome = await sendFile({
        api, store, wait,
        characterId: upload.characterId,
        file: task.file,
        signal: task.abort.signal,
        onProgress: (sentBytes) => this.patch(upload.id, { state: "sending", sentBytes, note: "" }),
        onRetry: (seconds, reason) => this.patch(upload.id, { state: "retrying", note: `${reason} Trying again in ${seconds} s.` }),
      });
      this.finish(upload, outcome);
    } catch (thrown) {
      if (task.abort.signal.aborted) return;
      const error = asApiError(thrown);
      this.patch(upload.id, { state: "failed", note: noteOf(error), error });
    }
  }

  private finish(upload: Upload, outcome: UploadOutcome): void {
    this.tasks.delete(upload.id);
    this.patch(upload.id, { state: outcome.kind, sentBytes: upload.sizeBytes, note: outcome.kind === "rejected" ? outcome.reason : "" });
    for (const listener of this.listeners) listener(upload.characterId, outcome);
  }

  private patch(id: number, change: Partial<Upload>): void {
    this.uploads.value = this.uploads.value.map((upload) => (upload.id === id ? { ...upload, ...change } : upload));
  }

  private readonly askBeforeLeaving = (event: BeforeUnloadEvent): void => {
    if (this.busy.value) event.preventDefault();
  };
}
