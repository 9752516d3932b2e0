import { Database } from "bun:sqlite";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "../../server/testing/random.ts";
import { World } from "../fuzz/world.ts";
import { startExecutable, type Started } from "../testing/executable.ts";

const rows = 3000;
/** As many as one person may have. */
const photoRows = 2000;
const logBytes = 16_000_000;

/** A server that has been used for years: 3,000 rows of each kind, and a log that is about to be rotated. */
export async function startWithManyRows(): Promise<Started & { readonly characterId: string; readonly jobId: string }> {
  const first = await startExecutable();
  const world = new World(first.api);
  await world.prepare();
  const jobId = world.idIn("/api/jobs/x", "id", seededRandom(1));
  const photos = (await first.json<Array<{ id: string; photoCount: number }>>("/api/characters")).find(({ photoCount }) => photoCount > 0)!;
  await first.kill("SIGTERM");
  multiply(join(first.folder, "data/state.db"), photos.id);
  writeFileSync(join(first.folder, "logs/service.jsonl"), longLog());
  return { ...(await startExecutable({ folder: first.folder })), characterId: photos.id, jobId };
}

/** Copies one row of each kind with other keys. */
function multiply(path: string, characterId: string): void {
  const db = new Database(path);
  const copy = (table: string, count: number, keys: Readonly<Record<string, string>>, where = "true") => {
    const columns = db.query<{ name: string }, []>(`select name from pragma_table_info('${table}')`).all().map(({ name }) => `"${name}"`);
    const values = columns.map((column) => keys[column.slice(1, -1)] ?? column);
    db.run(`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count})
      insert into ${table} (${columns.join()}) select ${values.join()} from (select * from ${table} where ${where} limit 1), n`);
  };
  db.transaction(() => {
    copy("character", rows, { id: "id || i", trigger_word: "trigger_word || i", name: "name || i" });
    copy("photo", photoRows - 4, { id: "id || i", sha256: "sha256 || i" }, `character_id = '${characterId}'`);
    copy("job", rows, { id: "id || i", seq: "100 + i", idempotency_key: "null" }, "kind = 'training'");
    copy("output", rows, { id: "id || i", index: "100 + i" });
    copy("lora", rows, { id: "id || i", version: "100 + i", file_name: "file_name || i", job_id: "null" });
  })();
  db.close();
}

function longLog(): string {
  const lines: string[] = [];
  for (let size = 0, line = 1; size < logBytes; line++) {
    const text = JSON.stringify({ line, time: "2026-12-01T00:00:00.000Z", level: "info", event: "attack.line", message: `line ${line} ${"aaaaaaab".repeat(20)}` });
    lines.push(`${text}\n`);
    size += text.length;
  }
  return lines.join("");
}
