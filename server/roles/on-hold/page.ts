import type { Backup } from "../../contract/backup.ts";
import type { DataProblem } from "../../db/data-problem.ts";
import { formatBytes } from "../../system/disk/levels.ts";

/** All that the page says. `backups`: newest first, only those that this version can use. */
export interface HoldFacts {
  readonly problem: DataProblem;
  readonly backups: readonly Backup[];
  readonly folder: string;
  /** Offered only where no backup helps: otherwise nobody should choose it. */
  readonly mayBeginAnew: boolean;
  /** Changes with every start, so that the page notices one. */
  readonly since: string;
}

const shownBackups = 5;
/** The tower of the page's frame. */
const mark = `<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="currentColor"/><path d="M10 25V12l-2-5 4 2 4-4 4 4 4-2-2 5v13h-4v-6a2 2 0 0 0-4 0v6z" fill="#fff"/></svg>`;
const reasons: Readonly<Record<Backup["reason"], string>> = {
  hourly: "made by itself", stop: "made when Isengard stopped", asked: "made by you",
  "before-migration": "made before an upgrade", emergency: "made in an emergency",
};

export function holdPage(facts: HoldFacts): string {
  const { problem } = facts;
  return document("Isengard cannot open its data", `
    <h1>Isengard cannot open its data</h1>
    <section class="problem">
      <p class="what">${text(problem.message)}</p>
      <p>${text(problem.why)}</p>
      <dl>
        <dt>File</dt><dd><code>${text(problem.file)}</code></dd>
        <dt>Details</dt><dd><code>${text(problem.detail)}</code></dd>
      </dl>
    </section>
    <p>Your photos, LoRAs and pictures are files of their own and are not touched. A training that runs goes on.</p>
    <h2>What you can do</h2>
    <p>${text(problem.fix)}</p>
    <p id="outcome" role="status" aria-live="polite"></p>
    ${backupList(facts)}
    ${facts.mayBeginAnew ? `<p>There is no good backup. The file can be set aside, and Isengard starts with an empty list.</p>${button("empty", "", "Set the file aside and start empty")}` : ""}
    ${button("retry", "", "Try again")}
    ${problem.helpsRestore ? terminal(facts) : ""}`, facts.since);
}

function terminal({ folder, backups }: HoldFacts): string {
  const place = `--data ${/^[\w./-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", "'\\''")}'`}`;
  const commands = [`isengard restore latest ${place}`, ...backups.slice(1, 2).map(({ id }) => `isengard restore ${id} ${place}`)];
  return `<h2>In a terminal</h2>
    <pre>${text(commands.join("\n"))}</pre>
    <p>These commands talk to this program, so it need not be stopped. Stop it first to use a file of another folder: <code>isengard restore FILE</code>.</p>`;
}

/** For somebody without a session: the same token as everywhere. */
export function holdLoginPage(): string {
  return document("Isengard cannot open its data", `
    <h1>Isengard cannot open its data</h1>
    <p>To see what is wrong and to repair it, paste the access token. <code>isengard token</code> prints it.</p>
    <form id="login" class="card"><label>Access token <input name="token" type="password" autocomplete="current-password" required></label><button class="first">Continue</button></form>
    <p id="outcome" role="status" aria-live="polite"></p>`, "", "login");
}

function backupList({ backups, problem }: HoldFacts): string {
  if (!problem.helpsRestore) return "";
  if (backups.length === 0) return "<p>No backup was found that this version can use.</p>";
  const rows = backups.slice(0, shownBackups).map((backup, index) => `<li>
      <div><strong>${time(backup.createdAt, "full")}</strong><br>
      ${formatBytes(backup.sizeBytes)}, ${count(backup.jobs, "job")}, ${count(backup.characters, "character")}, ${reasons[backup.reason]}</div>
      ${button("restore", backup.id, `Use the backup of ${time(backup.createdAt, "short")}`, index === 0)}</li>`);
  const more = backups.length > shownBackups ? `<p>${count(backups.length - shownBackups, "older backup")} can be used in a terminal.</p>` : "";
  return `<p>What came after the chosen time is missing then.</p><ul>${rows.join("")}</ul>${more}`;
}

function button(action: string, id: string, label: string, isFirst = false): string {
  return `<button type="button" data-action="${action}" data-id="${text(id)}"${isFirst ? ' class="first"' : ""}>${label}</button>`;
}

/** The browser puts its own time zone in; without scripts it stays UTC. */
function time(iso: string, style: "full" | "short"): string {
  const utc = iso.slice(0, 16).replace("T", " ");
  return `<time datetime="${text(iso)}" data-style="${style}">${style === "full" ? utc : utc.slice(11)} UTC</time>`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function document(title: string, body: string, since: string, layout = ""): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/assets/hold.css"><script type="module" src="/assets/hold.js"></script></head>
<body data-since="${text(since)}"><main class="${layout}"><div class="brand">${mark}Isengard</div>${body}</main></body></html>`;
}

function text(value: string): string {
  return Bun.escapeHTML(value);
}
