import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Lora } from "../../../server/contract/lora.ts";
import type { Output } from "../../../server/contract/output.ts";
import type { Info } from "../../../server/contract/system.ts";
import type { Api } from "../../api.ts";
import type { Events } from "../../events.ts";
import { deleteWithUndo } from "./deletion.ts";
import { createResource, type Resource } from "./Resource.ts";
import type { ToastModel } from "./ToastModel.ts";

const latestCount = 12;

export interface LibraryModel {
  /** Newest first, without those that are being deleted. */
  readonly loras: ReadonlySignal<readonly Lora[]>;
  /** Those that pictures can be made with in the present mode: production takes none of the simulator. */
  readonly usable: ReadonlySignal<readonly Lora[]>;
  /** The newest pictures for Home; fetched on the first `load()`, then kept up to date. */
  readonly latest: Resource<readonly Output[]>;
  lorasOf(characterId: string): readonly Lora[];
  removeLora(lora: Lora): void;
  reset(loras: readonly Lora[]): void;
}

export function createLibraryModel(api: Api, events: Events, toasts: ToastModel, info: ReadonlySignal<Pick<Info, "mode">>): LibraryModel {
  const known = signal<readonly Lora[]>([]);
  const hidden = signal<ReadonlySet<string>>(new Set());
  const latest = createResource<readonly Output[]>(async () => {
    const page = await api.get<{ outputs: Output[] }>(`/api/outputs?limit=${latestCount}`);
    return page.outputs;
  });
  const loras = computed(() => known.value.filter((lora) => !hidden.value.has(lora.id)));

  events.on("lora.added", ({ lora }) => {
    known.value = [lora, ...known.value.filter((other) => other.id !== lora.id)];
  });
  events.on("lora.removed", ({ loraId }) => {
    known.value = known.value.filter((lora) => lora.id !== loraId);
  });
  const gone = new Set<string>();
  events.on("character.removed", ({ characterId }) => {
    gone.add(characterId);
    known.value = known.value.filter((lora) => lora.characterId !== characterId);
    latest.update((list) => list.filter((output) => output.characterId !== characterId));
  });
  // Brought back; its LoRAs are told one by one, its pictures are not.
  events.on("character.changed", ({ character }) => {
    if (gone.delete(character.id) && latest.data.peek() !== null) void latest.load();
  });
  events.on("output.added", ({ output }) =>
    latest.update((list) => [output, ...list.filter((other) => other.id !== output.id)].slice(0, latestCount)),
  );
  events.on("output.removed", ({ outputId }) => latest.update((list) => list.filter((output) => output.id !== outputId)));

  const show = (loraId: string) => (hidden.value = new Set([...hidden.value].filter((id) => id !== loraId)));
  return {
    loras,
    usable: computed(() => loras.value.filter((lora) => !lora.missing && !(info.value.mode === "production" && lora.simulated))),
    latest,
    lorasOf: (characterId) => loras.value.filter((lora) => lora.characterId === characterId),
    removeLora(lora) {
      deleteWithUndo({ api, toasts }, {
        address: `/api/loras/${encodeURIComponent(lora.id)}`, name: lora.name,
        stays: "Checkpoints of its training stay until you delete that training.",
        hide: () => (hidden.value = new Set([...hidden.value, lora.id])), show: () => show(lora.id),
      });
    },
    reset(next) {
      known.value = next.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
    },
  };
}
