const idleMs = 60_000;
const looks = 4;

/**
 * Calls `onIdle` once when `size` did not change for a minute. The bytes of a chunk go from the socket to the file by themselves, so
 * the file tells whether they still come; the timer of a connection would cut a slow one that moves. The returned function ends it.
 */
export function watchGrowth(size: () => number, onIdle: () => void, afterMs = idleMs): () => void {
  let last = size();
  let unchanged = 0;
  const timer = setInterval(() => {
    const now = size();
    unchanged = now === last ? unchanged + 1 : 0;
    last = now;
    if (unchanged < looks) return;
    clearInterval(timer);
    onIdle();
  }, afterMs / looks);
  timer.unref();
  return () => clearInterval(timer);
}
