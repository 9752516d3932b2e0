import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Photo } from "../../../server/contract/character.ts";
import { asApiError, type ApiError } from "../../api.ts";
import type { AppModel } from "../app/AppModel.ts";
import { deleteWithUndo } from "../app/deletion.ts";
import { createResource, type Resource } from "../app/Resource.ts";

/** Many uploads end at nearly the same time; one fetch serves them all. */
const refetchMs = 300;
/** A pause in typing after which a caption saves itself. */
const captionMs = 1500;

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

type PhotosDeps = Pick<AppModel, "api" | "events" | "uploads" | "toasts">;

export function createPhotosModel(app: PhotosDeps, characterId: string): PhotosModel {
  return new Photos(app, characterId);
}

class Photos implements PhotosModel {
  readonly resource: Resource<readonly Photo[]>;
  readonly drafts = signal<ReadonlyMap<string, string>>(new Map());
  readonly captionStates = signal<ReadonlyMap<string, CaptionState>>(new Map());
  readonly photos = computed(() => (this.resource.data.value ?? []).filter((photo) => !this.hidden.value.has(photo.id)));
  private readonly hidden = signal<ReadonlySet<string>>(new Set());
  private readonly base: string;
  private readonly stops: ReadonlyArray<() => void>;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly typing = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(private readonly app: PhotosDeps, characterId: string) {
    this.base = `/api/characters/${encodeURIComponent(characterId)}/images`;
    this.resource = createResource<readonly Photo[]>(async () => (await app.api.get<{ images: Photo[] }>(this.base)).images);
    this.stops = [
      app.events.on("photos.changed", (event) => event.characterId === characterId && this.reloadSoon()),
      app.uploads.onOutcome((id, outcome) => {
        if (id === characterId && outcome.kind === "added") this.put(outcome.photo);
      }),
    ];
    void this.resource.load();
  }

  readonly type = (photoId: string, caption: string): void => {
    this.drafts.value = new Map(this.drafts.value).set(photoId, caption);
    this.mark(photoId, { kind: "draft" });
    clearTimeout(this.typing.get(photoId));
    this.typing.set(photoId, setTimeout(() => this.saveTyped(photoId), captionMs));
  };

  readonly saveCaption = async (photo: Photo): Promise<void> => {
    const caption = this.drafts.value.get(photo.id);
    if (caption === undefined) return;
    clearTimeout(this.typing.get(photo.id));
    this.mark(photo.id, { kind: "saving" });
    try {
      this.put(await this.app.api.patch<Photo>(`${this.base}/${encodeURIComponent(photo.id)}`, { caption }));
    } catch (thrown) {
      return this.mark(photo.id, { kind: "failed", error: asApiError(thrown) });
    }
    // Typed on while it was being saved: that text is still to be saved.
    if (this.drafts.value.get(photo.id) !== caption) return this.mark(photo.id, { kind: "draft" });
    this.drafts.value = new Map([...this.drafts.value].filter(([id]) => id !== photo.id));
    this.mark(photo.id, { kind: "saved" });
  };

  readonly remove = (photo: Photo): void => {
    deleteWithUndo(this.app, {
      address: `${this.base}/${encodeURIComponent(photo.id)}`, name: "The photo",
      hide: () => this.hide(photo.id, true), show: () => this.hide(photo.id, false),
    });
  };

  dispose(): void {
    if (this.timer) clearTimeout(this.timer);
    for (const [photoId, timer] of this.typing) {
      clearTimeout(timer);
      this.saveTyped(photoId);
    }
    for (const stop of this.stops) stop();
  }

  private saveTyped(photoId: string): void {
    const photo = this.resource.data.value?.find((candidate) => candidate.id === photoId);
    if (photo) void this.saveCaption(photo);
  }

  private reloadSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      void this.resource.load();
    }, refetchMs);
  }

  private put(photo: Photo): void {
    this.resource.update((list) =>
      list.some((other) => other.id === photo.id) ? list.map((other) => (other.id === photo.id ? photo : other)) : [...list, photo]);
  }

  private hide(photoId: string, hide: boolean): void {
    const others = [...this.hidden.value].filter((id) => id !== photoId);
    this.hidden.value = new Set(hide ? [...others, photoId] : others);
  }

  private mark(photoId: string, state: CaptionState): void {
    this.captionStates.value = new Map(this.captionStates.value).set(photoId, state);
  }
}
