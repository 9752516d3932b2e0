import { useApp } from "../app/AppModel.ts";

export interface OpenItem {
  /** The id in the address; null when nothing is open. */
  readonly id: string | null;
  open(id: string): void;
  /** Another one in place of it. */
  move(id: string): void;
  close(): void;
}

/** What is shown large, in the address as `?open=`: a reload keeps it, Back closes it and leaves the page where it was. */
export function useOpenItem(): OpenItem {
  const { router } = useApp();
  return {
    id: router.route.value.query.get("open"),
    open: (id) => router.setQuery({ open: id }, { isLayer: true }),
    move: (id) => router.setQuery({ open: id }),
    close: () => router.closeLayer({ open: null }),
  };
}
