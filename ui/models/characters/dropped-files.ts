/** What a drop, a paste or a chosen folder held. */
export interface Dropped {
  readonly files: readonly File[];
  /** Files inside folders that are no pictures, so that nobody meant them. */
  readonly others: number;
  /** Folders and files that the browser could not look into, by name. */
  readonly unreadable: readonly string[];
  readonly folders: number;
  /** There was more than is looked at in one go. */
  readonly isCut: boolean;
}

/** Somebody may drop a whole disk; the walk ends here. */
const maxEntries = 20_000;
/** Kinds for which browsers often know no type; the server names each with the way out. */
const pictureEnding = /\.(jpe?g|png|webp|gif|bmp|hei[cf]s?|avif|jxl|jp2|tiff?|psd|dng|cr[23w]|nef|arw|raf|orf|rw2|x3f|pef|srw)$/i;

export function isPictureFile(file: Pick<File, "name" | "type">): boolean {
  // Files that macOS keeps beside each picture on foreign disks bear its ending.
  if (file.name.startsWith(".")) return false;
  return file.type.startsWith("image/") || pictureEnding.test(file.name);
}

/** Of a folder only the pictures. Files that were chosen one by one are all taken: their refusal says what they are. */
export function filesOfFolder(list: readonly File[]): Dropped {
  const files = list.filter(isPictureFile);
  return { files, others: list.length - files.length, unreadable: [], folders: 1, isCut: false };
}

/**
 * Walks the folders of a drop or a paste. The entries are taken before the first wait, as the browser forgets them
 * when the event ends. Never rejects: what cannot be read is named in the answer.
 */
export async function readTransfer(transfer: Pick<DataTransfer, "items" | "files">): Promise<Dropped> {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.flatMap((item) => item.webkitGetAsEntry?.() ?? []);
  const plain = [...transfer.files];
  // A pasted picture has no entry, and neither has anything in a browser without them.
  if (!entries.some((entry) => entry.isDirectory)) return { files: plain, others: 0, unreadable: [], folders: 0, isCut: false };
  const walk: Walk = { files: [], others: 0, unreadable: [], seen: 0, isCut: false };
  for (const entry of entries) await visit(entry, walk, true);
  return { ...walk, folders: entries.filter((entry) => entry.isDirectory).length };
}

interface Walk {
  readonly files: File[];
  others: number;
  readonly unreadable: string[];
  seen: number;
  isCut: boolean;
}

async function visit(entry: FileSystemEntry, walk: Walk, isTop: boolean): Promise<void> {
  if (walk.seen >= maxEntries) {
    walk.isCut = true;
    return;
  }
  walk.seen += 1;
  try {
    if (entry.isDirectory) return await visitAll(entry as FileSystemDirectoryEntry, walk);
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    if (isTop || isPictureFile(file)) walk.files.push(file);
    else walk.others += 1;
  } catch {
    // Gone, forbidden or not on this computer: the reason that the browser gives says no more than that.
    walk.unreadable.push(entry.name);
  }
}

/** Browsers give the names in parts (Chromium: 100); the list ends with an empty part. */
async function visitAll(folder: FileSystemDirectoryEntry, walk: Walk): Promise<void> {
  const reader = folder.createReader();
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0 || walk.isCut) return;
    for (const entry of part) await visit(entry, walk, false);
  }
}
