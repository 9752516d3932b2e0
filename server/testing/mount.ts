import { mkdirSync, rmSync } from "node:fs";
import { temporaryFolder } from "./folder.ts";

export interface SmallDisk {
  readonly path: string;
  [Symbol.dispose](): void;
}

/** A real disk of its own that can be filled, or null where nothing may be mounted. `options` as of mount(8). */
export function smallDisk(sizeBytes: number, options = ""): SmallDisk | null {
  const folder = temporaryFolder();
  const words = ["mount", "-t", "tmpfs", "-o", `size=${sizeBytes},mode=0700${options === "" ? "" : `,${options}`}`, "isengard-test", folder.path];
  if (!run(words)) {
    folder.remove();
    return null;
  }
  return {
    path: folder.path,
    [Symbol.dispose]: () => {
      run(["umount", "-l", folder.path]);
      folder.remove();
    },
  };
}

/** An ext4 of any size that takes no room itself: large files are made with `fallocate` at once. */
export function largeDisk(sizeBytes: number): SmallDisk | null {
  const folder = temporaryFolder();
  const [image, path] = [`${folder.path}/image`, `${folder.path}/disk`];
  mkdirSync(path);
  const made = run(["truncate", "-s", String(sizeBytes), image]) && run(["mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,nodiscard", image]) && run(["mount", "-o", "loop", image, path]);
  if (!made) {
    folder.remove();
    return null;
  }
  rmSync(`${path}/lost+found`, { recursive: true, force: true });
  return {
    path,
    [Symbol.dispose]: () => {
      run(["umount", "-l", path]);
      folder.remove();
    },
  };
}

export function run(words: readonly string[]): boolean {
  try {
    return Bun.spawnSync([...words], { stdout: "ignore", stderr: "ignore" }).exitCode === 0;
  } catch {
    return false; // the program is not installed here
  }
}
