import { codeOf } from "../db/data-problem.ts";
import type { Log } from "../base/log.ts";

/** A disk that refused one write, noticed where nobody waited for it. What was written before is whole. */
const storageFault = /^(SQLITE_(FULL|IOERR|BUSY|READONLY|CANTOPEN|CORRUPT|NOTADB)|ENOSPC|EDQUOT|EFBIG|EIO|EROFS|ESTALE)/;

/**
 * The last net under timers and callbacks. A storage fault is noted and the server lives on, because its children and
 * its page are worth more than one lost note; anything else is written down before the process ends.
 */
export function catchTheRest(log: Log, noteError: (error: unknown) => void): void {
  const handle = (kind: string) => (error: unknown): void => {
    if (storageFault.test(codeOf(error))) {
      noteError(error);
      log.error("server.storage-fault", "a write failed where nobody waited for it", { kind, error });
      return;
    }
    log.error("server.crashed", "Isengard ended because of an error inside; running work goes on", { kind, error });
    console.error(error);
    process.exit(1);
  };
  process.on("uncaughtException", handle("exception"));
  process.on("unhandledRejection", handle("rejection"));
}
