import type { Check } from "../../contract/system.ts";
import type { Service } from "../../base/lifecycle.ts";
import type { Log } from "../../base/log.ts";
import { takeInventory, type Found, type Inventory, type InventoryParts } from "./inventory.ts";

/** After the start has settled. */
const firstMs = 5000;
const everyMs = 6 * 60 * 60 * 1000;
const namesShown = 3;

/** Looks whether files and rows fit, some seconds after the start and a few times a day. */
export class InventoryWatch implements Service {
  readonly name = "inventory";
  private readonly startedAt = Date.now();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private last: { readonly at: string; readonly inventory: Inventory } | null = null;

  constructor(private readonly parts: Omit<InventoryParts, "aliveSince"> & { readonly log: Log }) {}

  start(): void {
    this.wait(firstMs);
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  checks(): Check[] {
    return this.last === null ? [] : inventoryChecks(this.last.inventory, this.last.at);
  }

  async look(): Promise<void> {
    const { log } = this.parts;
    try {
      const inventory = await takeInventory({ ...this.parts, aliveSince: this.startedAt });
      this.last = { at: new Date().toISOString(), inventory };
      const { filesWithoutRow, rowsWithoutFile, leftovers } = inventory;
      if (leftovers.count > 0) log.info("inventory.leftovers-removed", "files that a dead server had begun were removed", { ...leftovers });
      if (filesWithoutRow.count > 0) log.warn("inventory.files-without-row", "the data folder has files that the database does not know", { ...filesWithoutRow });
      if (rowsWithoutFile.count > 0) log.warn("inventory.rows-without-file", "files are missing in the data folder", { ...rowsWithoutFile });
    } catch (error) {
      log.warn("inventory.failed", "files and rows could not be compared", { error });
    }
  }

  private wait(ms: number): void {
    this.timer = setTimeout(() => {
      void this.look().finally(() => this.timer !== null && this.wait(everyMs));
    }, ms);
    this.timer.unref();
  }
}

/** For the status page and for `isengard doctor`. Nothing is said where all fits. */
export function inventoryChecks({ filesWithoutRow, rowsWithoutFile, links }: Inventory, checkedAt: string, shown = namesShown): Check[] {
  const checks: Check[] = [];
  if (links.count > 0) {
    checks.push({
      id: "linked-folders", label: "Linked folders", state: "error", checkedAt,
      detail: `${named(links, shown)} ${links.count === 1 ? "is a link" : "are links"}, and Isengard writes through none.`,
      fix: "Put a real folder in its place. To keep the data on another disk, move all of it and start with --data and that folder.",
    });
  }
  if (filesWithoutRow.count > 0) {
    checks.push({
      id: "unknown-files", label: "Unknown files", state: "warning", checkedAt,
      detail: `${count(filesWithoutRow, "file in the data folder is", "files in the data folder are")} not known to the database: ${named(filesWithoutRow, shown)}.`,
      fix: "They are left alone, because a backup that was restored may be older than they are. Look at them, and remove what you do not need.",
    });
  }
  if (rowsWithoutFile.count > 0) {
    checks.push({
      id: "missing-files", label: "Missing files", state: "warning", checkedAt,
      detail: `${count(rowsWithoutFile, "file is", "files are")} not in the data folder: ${named(rowsWithoutFile, shown)}.`,
      fix: "Bring them back from a copy of the data folder, or delete what they belong to.",
    });
  }
  return checks;
}

function count({ count: n }: Found, one: string, many: string): string {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}

function named({ count: n, names }: Found, shown: number): string {
  const some = names.slice(0, shown).join(", ");
  return n > shown ? `${some} and ${(n - shown).toLocaleString("en")} more` : some;
}
