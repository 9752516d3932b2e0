import { existsSync, mkdtempSync, rmdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Account, openParent, strangerMayWrite, thisAccount } from "../files/ownership.ts";
import type { Paths } from "../files/paths.ts";

/** Where the root came from: a person named it, this pod has it, or it is only the folder that the program was started in. */
export type RootOrigin = "named" | "pod" | "start-folder";

/** A folder or file that others may have planted. Its message is for the person who starts the program. */
export class TrustError extends Error {
  override readonly name = "TrustError";
  constructor(path: string, why: string, fix: string) {
    super(`Isengard does not use ${path}. ${why} ${fix}`);
  }
}

export interface TrustQuestion {
  readonly paths: Paths;
  readonly origin: RootOrigin;
  /** `--trust-folder`: the folder, never a secret or the settings. */
  readonly trustFolder: boolean;
}

/**
 * Before anything in the root is read: whoever may write there decides which programs run under this account. Throws TrustError.
 * What does not exist yet is made by this start and is its own.
 */
export function assertTrusted(question: TrustQuestion, account: Account = thisAccount()): void {
  const { paths, origin, trustFolder } = question;
  if (!trustFolder) assertFolders(paths, origin, account);
  // A running server's address is believed with the token in hand, so it is judged as a secret is.
  const sessions = join(dirname(paths.serverFile), "sessions.json");
  for (const file of [paths.configFile, paths.serverFile, sessions]) {
    assertOwn(file, account, "Delete it, or make it yours and closed to others; --trust-folder does not help here.");
  }
}

/** After the secrets' place is known (see `withPrivateSecrets`). Throws TrustError. */
export function assertOwnSecrets(paths: Paths, account: Account = thisAccount()): void {
  for (const file of [paths.tokenFile, paths.hfTokenFile]) {
    assertOwn(file, account, "Whoever made it may know it. Delete it; a new one is made. --trust-folder does not help here.");
  }
}

function assertFolders(paths: Paths, origin: RootOrigin, account: Account): void {
  const folders = [paths.root, paths.data, paths.logs, dirname(paths.serverFile), dirname(paths.tokenFile), paths.stateDb, paths.telemetryDb];
  for (const folder of folders) {
    const why = strangerMayWrite(folder, account);
    if (why === null || (origin === "pod" && !keepsModes(paths.root) && isOwner(folder, account))) continue;
    throw new TrustError(folder, `${why} What lies there could make Isengard run programs of theirs.`, folderFix);
  }
  const above = origin === "start-folder" ? openParent(paths.root) : null;
  if (above !== null) {
    throw new TrustError(paths.root, `Every user of this machine may replace it, because all may write to ${above}.`, folderFix);
  }
}

const folderFix = "Name a folder of your own with --data, change its owner and mode (chown, chmod go-w), or add --trust-folder if you trust all who may write there.";

function assertOwn(file: string, account: Account, fix: string): void {
  const why = strangerMayWrite(file, account);
  if (why !== null) throw new TrustError(file, why, fix);
}

function isOwner(path: string, account: Account): boolean {
  return statSync(path, { throwIfNoEntry: false })?.uid === account.uid;
}

/** Some network volumes show the same mode for everything; on a pod, which has one user, that says nothing about strangers. */
function keepsModes(root: string): boolean {
  if (!existsSync(root)) return true;
  try {
    const probe = mkdtempSync(join(root, ".modes-"));
    const mode = statSync(probe).mode & 0o777;
    rmdirSync(probe);
    return mode === 0o700;
  } catch {
    return true; // nothing can be written there: its modes are taken as they are
  }
}
