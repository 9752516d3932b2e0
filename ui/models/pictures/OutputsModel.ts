import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Output } from "../../../server/contract/output.ts";
import { asApiError, type Api, type ApiError } from "../../api.ts";
import type { AppModel } from "../app/AppModel.ts";
import { deleteWithUndo } from "../app/deletion.ts";

/** Pictures made, newest first, page by page; new ones appear in front as they are made. */
export interface OutputsModel {
  /** null until the first answer. Without those that are being deleted. */
  readonly outputs: ReadonlySignal<readonly Output[] | null>;
  readonly error: ReadonlySignal<ApiError | null>;
  readonly loading: ReadonlySignal<boolean>;
  readonly hasMore: ReadonlySignal<boolean>;
  /** From the beginning, for another person or after a failure. */
  load(characterId?: string): Promise<void>;
  more(): Promise<void>;
  /** Fetches the pages up to this picture. */
  reach(output: Output): Promise<void>;
  /** Those that are being deleted. */
  readonly removed: ReadonlySignal<ReadonlySet<string>>;
  remove(output: Output): void;
  dispose(): void;
}

/** The most that the server gives at once. */
const largePage = 200;

type Needed = Pick<AppModel, "api" | "events" | "toasts" | "connection">;

export function createOutputsModel(app: Needed, pageSize: number): OutputsModel {
  const pages = createPages(app.api, pageSize);
  const hidden = signal<ReadonlySet<string>>(new Set());
  const hide = (id: string, on: boolean) => {
    const after = new Set(hidden.value);
    if (on) after.add(id);
    else after.delete(id);
    hidden.value = after;
  };
  let connections = app.connection.connections.peek();
  const stops = [
    app.events.on("output.added", ({ output }) => pages.put(output)),
    app.events.on("output.removed", ({ outputId }) => pages.drop(outputId)),
    app.events.on("character.removed", ({ characterId }) => pages.dropOf(characterId)),
    // A connection that could not be resumed leaves a gap in the events; the first page closes it.
    app.connection.connections.subscribe((count) => {
      if (count > connections && connections > 0) void pages.fetch(null);
      connections = count;
    }),
  ];
  return {
    outputs: computed(() => pages.known.value?.filter((output) => !hidden.value.has(output.id)) ?? null),
    error: pages.error,
    loading: pages.loading,
    hasMore: computed(() => pages.next.value !== null),
    load: pages.load,
    async more() {
      if (!pages.loading.peek() && pages.next.peek() !== null) await pages.fetch(pages.next.peek());
    },
    reach: (output) => fetchTo(pages, output),
    removed: hidden,
    remove(output) {
      deleteWithUndo(app, {
        address: `/api/outputs/${encodeURIComponent(output.id)}`, name: "The picture",
        hide: () => hide(output.id, true), show: () => hide(output.id, false),
      });
    },
    dispose() {
      for (const stop of stops) stop();
    },
  };
}

/** The pages fetched so far as one list. */
function createPages(api: Api, pageSize: number) {
  const known = signal<readonly Output[] | null>(null);
  const error = signal<ApiError | null>(null);
  const loading = signal(false);
  const next = signal<string | null>(null);
  let characterId = "";
  let turn = 0;
  /** Made while a page was fetched, so perhaps not part of it. */
  let fresh: Output[] = [];

  const merge = (page: readonly Output[], before: string | null): Output[] => {
    if (before !== null) return inOrder([...(known.value ?? []), ...page]);
    // Older pages that are on the screen stay there when the first one is fetched again.
    const oldest = page.at(-1)?.id;
    const older = (known.value ?? []).filter((output) => oldest !== undefined && output.id < oldest);
    return inOrder([...page, ...older, ...fresh]);
  };
  const fetch = async (before: string | null, size = pageSize) => {
    const mine = ++turn;
    fresh = [];
    loading.value = true;
    try {
      const page = await api.get<{ outputs: Output[]; next: string | null }>(`/api/outputs?${queryOf(size, characterId, before)}`);
      if (mine !== turn) return;
      const isRefresh = before === null && (known.value?.length ?? 0) > page.outputs.length;
      known.value = merge(page.outputs, before);
      if (!isRefresh) next.value = page.next;
      error.value = null;
    } catch (thrown) {
      if (mine === turn) error.value = asApiError(thrown);
    } finally {
      if (mine === turn) loading.value = false;
    }
  };
  return {
    known, error, loading, next, fetch,
    load(id = characterId) {
      if (id !== characterId) known.value = null;
      characterId = id;
      return fetch(null);
    },
    put(output: Output) {
      if (characterId !== "" && output.characterId !== characterId) return;
      fresh.push(output);
      if (known.value !== null) known.value = inOrder([output, ...known.value]);
    },
    dropOf(characterId: string) {
      known.value = known.value?.filter((output) => output.characterId !== characterId) ?? null;
    },
    drop(outputId: string) {
      known.value = known.value?.filter((output) => output.id !== outputId) ?? null;
    },
  };
}

/** Ends where the list ends, also without the picture: the list may be of another person. */
async function fetchTo({ known, next, fetch }: ReturnType<typeof createPages>, { id }: Output): Promise<void> {
  while (known.value?.some((output) => output.id === id) !== true) {
    const before = next.value;
    if (before === null || before < id) return;
    await fetch(before, largePage);
    if (next.value === before) return;
  }
}

function queryOf(pageSize: number, characterId: string, before: string | null): URLSearchParams {
  const query = new URLSearchParams({ limit: String(pageSize) });
  if (characterId !== "") query.set("characterId", characterId);
  if (before !== null) query.set("before", before);
  return query;
}

/** Ids grow with time, so they order the pictures; one that came twice stands once. */
function inOrder(outputs: readonly Output[]): Output[] {
  const byId = new Map(outputs.map((output) => [output.id, output]));
  return [...byId.values()].toSorted((a, b) => (a.id < b.id ? 1 : -1));
}
