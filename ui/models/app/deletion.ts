import { asApiError, type Api } from "../../api.ts";
import type { ToastModel } from "./ToastModel.ts";

export interface Deletion {
  /** Of the thing itself; `/restore` behind it brings it back. */
  readonly address: string;
  /** Begins sentences: "Ada v3". */
  readonly name: string;
  /** What stays, as a sentence. */
  readonly stays?: string;
  /** On the page, at once and without the server. */
  hide(): void;
  show(): void;
}

/**
 * Deletes on the server at once, so that a reload and another tab show the same, and offers the undo for as long as the
 * server keeps it.
 */
export function deleteWithUndo({ api, toasts }: { api: Api; toasts: ToastModel }, { address, name, stays, hide, show }: Deletion): void {
  const refused = (what: string) => (thrown: unknown) => {
    toasts.show(`${name} could not be ${what}. ${asApiError(thrown).fix}`);
    return false;
  };
  hide();
  const deleted = api.delete(address).then(() => true, refused("deleted"));
  void deleted.then((done) => {
    if (!done) show();
  });
  const restore = async () => {
    // A refused deletion has brought it back already.
    if (!(await deleted)) return;
    const back = await api.post(`${address}/restore`).then(() => true, refused("brought back"));
    if (back) show();
  };
  toasts.kept(`${name} was deleted.${stays === undefined ? "" : ` ${stays}`}`, () => void restore());
}
