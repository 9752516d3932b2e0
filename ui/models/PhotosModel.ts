import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Photo } from "../../server/contract/character.ts";
import { asApiError, type ApiError } from "../api.ts";
import type { AppModel } from "./AppModel.ts";
import { createResource, type Resource } from "./Resource.ts";

/** Many uploads end at nearly the same time; one fetch serves them all. */
const refetchMs = 300;

export type CaptionState = { kind: "draft" } | { kind: "saving" } | { kind: "saved" } | { kind: "failed"; error: ApiError };

export interface PhotosModel {
  readonly resource: Resource<readonly Photo[]>;
  /** Without those that are being deleted. */
  readonly photos: ReadonlySignal<readonly Photo[]>;
  /** What was typed and is not saved yet, by photo. Stays on failure and while scrolling. */
  readonly drafts: ReadonlySignal<ReadonlyMap<string, string>>;
  readonly captionStates: ReadonlySignal<ReadonlyMap<string, CaptionState>>;
  type(photoId: string, caption: string): void;
  saveCaption(photo: Photo): Promise<void>;
  remove(photo: Photo): void;
  dispose(): void;
}

export function createPhotosModel(app: Pick<AppModel, "api" | "events" | "uploads" | "toasts">, characterId: string): PhotosModel {
  const base = `/api/characters/${encodeURIComponent(characterId)}/images`;
  const resource = createResource<readonly Photo[]>(async () => (await app.api.get<{ images: Photo[] }>(base)).images);
  const hidden = signal<ReadonlySet<string>>(new Set());
  const drafts = signal<ReadonlyMap<string, string>>(new Map());
  const captionStates = signal<ReadonlyMap<string, CaptionState>>(new Map());
  let timer: ReturnType<typeof setTimeout> | null = null;

  const put = (photo: Photo) => {
    resource.update((list) => (list.some((other) => other.id === photo.id) ? list.map((other) => (other.id === photo.id ? photo : other)) : [...list, photo]));
  };
  const hide = (photoId: string, on: boolean) => {
    const next = new Set(hidden.value);
    if (on) next.add(photoId);
    else next.delete(photoId);
    hidden.value = next;
  };
  const mark = (photoId: string, state: CaptionState) => (captionStates.value = new Map(captionStates.value).set(photoId, state));

  const stops = [
    app.events.on("photos.changed", (event) => {
      if (event.characterId !== characterId) return;
      timer ??= setTimeout(() => {
        timer = null;
        void resource.load();
      }, refetchMs);
    }),
    app.uploads.onOutcome((id, outcome) => {
      if (id === characterId && outcome.kind === "added") put(outcome.photo);
    }),
  ];
  void resource.load();

  return {
    resource,
    photos: computed(() => (resource.data.value ?? []).filter((photo) => !hidden.value.has(photo.id))),
    drafts,
    captionStates,
    type(photoId, caption) {
      drafts.value = new Map(drafts.value).set(photoId, caption);
      mark(photoId, { kind: "draft" });
    },
    async saveCaption(photo) {
      const caption = drafts.value.get(photo.id);
      if (caption === undefined) return;
      mark(photo.id, { kind: "saving" });
      try {
        put(await app.api.patch<Photo>(`${base}/${encodeURIComponent(photo.id)}`, { caption }));
        if (drafts.value.get(photo.id) !== caption) {
          mark(photo.id, { kind: "draft" });
          return;
        }
        const rest = new Map(drafts.value);
        rest.delete(photo.id);
        drafts.value = rest;
        mark(photo.id, { kind: "saved" });
      } catch (thrown) {
        mark(photo.id, { kind: "failed", error: asApiError(thrown) });
      }
    },
    remove(photo) {
      hide(photo.id, true);
      app.toasts.undoable("The photo was deleted.", {
        undo: () => hide(photo.id, false),
        commit: () => {
          app.api.delete(`${base}/${encodeURIComponent(photo.id)}`, { keepalive: true }).catch((thrown: unknown) => {
            hide(photo.id, false);
            app.toasts.show(`The photo could not be deleted. ${asApiError(thrown).fix}`);
          });
        },
      });
    },
    dispose() {
      if (timer) clearTimeout(timer);
      for (const stop of stops) stop();
    },
  };
}
