import { dlopen, FFIType } from "bun:ffi";

/** Of waitid(2), the same on every Linux: any child; that has ended; do not block; leave it as it is. */
const anyChild = 0;
const hasEnded = 4;
const doNotBlock = 1;
const leaveIt = 0x0100_0000;
/** siginfo_t has 32 numbers; the process id stands behind three of them and their padding. */
const infoNumbers = 32;
const pidAt = 4;

/**
 * Collects orphans that have ended: whatever loses its parent becomes a child of process 1, and Bun collects only what
 * it has started itself. Returns how many it collected. Never blocks. A child in `own` is left to Bun, which has to hear
 * its exit code; what ended behind it is collected by the next call.
 */
export function createReaper(own: () => number | null): () => number {
  const { symbols } = dlopen("libc.so.6", {
    waitid: { args: [FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
    waitpid: { args: [FFIType.i32, FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
  });
  const info = new Int32Array(infoNumbers);
  return () => {
    for (let collected = 0; ; collected++) {
      info[pidAt] = 0;
      symbols.waitid(anyChild, 0, info, hasEnded | doNotBlock | leaveIt);
      const pid = info[pidAt];
      if (pid === 0 || pid === own() || symbols.waitpid(pid, null, doNotBlock) !== pid) return collected;
    }
  };
}
