import { realpath, rm, rmdir } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import type { OutputSettings } from "../../../server/contract/output.ts";
import type { ServiceHandle } from "../../plugin.ts";
import type { ComfyClient } from "../protocol/client.ts";
import type { OutputFile } from "../protocol/history.ts";
import { asciiJson, readPngText, withPngText } from "../protocol/png.ts";

/**
 * Fetches a finished picture: from the disk where ComfyUI runs here, else over HTTP. Returns null when it is nowhere,
 * and puts our settings into it where ComfyUI did not (it was told to write no metadata, or dropped ours).
 */
export async function collectPicture(
  client: ComfyClient, handle: ServiceHandle, file: OutputFile, settings: OutputSettings,
): Promise<Uint8Array | null> {
  const path = await localPath(handle, file);
  const bytes = path === null ? await client.view(file) : new Uint8Array(await Bun.file(path).arrayBuffer());
  return bytes && withSettings(bytes, settings);
}

export function withSettings(bytes: Uint8Array, settings: OutputSettings): Uint8Array {
  const text = asciiJson(settings);
  return readPngText(bytes).get("isengard") === text ? bytes : withPngText(bytes, new Map([["isengard", text]]));
}

/** Our own copy is stored by now; ComfyUI itself never tidies up. */
export async function discardPicture(handle: ServiceHandle, file: OutputFile): Promise<void> {
  const path = await localPath(handle, file);
  if (path === null) return;
  await rm(path, { force: true });
  if (file.subfolder === "") return;
  // Fails while other pictures of the job are there, which is fine: the last one takes the folder along.
  await rmdir(dirname(path)).catch(() => {});
}

/** null: not ours, not there, or outside the output folder. ComfyUI's names are checked like any name from outside. */
async function localPath(handle: ServiceHandle, file: OutputFile): Promise<string | null> {
  if (handle.dir === null || file.type !== "output") return null;
  try {
    const root = await realpath(join(handle.dir, "output"));
    const path = await realpath(join(root, file.subfolder, file.filename));
    return path.startsWith(root + sep) ? path : null;
  } catch {
    // Not there: the caller asks over HTTP.
    return null;
  }
}
