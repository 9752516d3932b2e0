import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { migrate } from "./migrate.ts";
import { stateMigrations } from "./migrations/index.ts";

const plan = { name: "state", backupFolder: "/nowhere" } as const;
const at = "2026-01-01T00:00:00.000Z";
const withMarks = stateMigrations.findIndex((sql) => sql.includes("alter table lora add column simulated"));

/** Rows as the version before wrote them. */
function before(mode: string | null): Database {
  const db = new Database(":memory:");
  migrate(db, { ...plan, steps: stateMigrations.slice(0, withMarks) });
  if (mode !== null) db.query("insert into setting (key, value) values ('mode', ?)").run(mode);
  db.query("insert into character (id, name, trigger_word, created_at, updated_at) values ('chr', 'Ada', 'adax7', ?1, ?1)").run(at);
  const job = (id: string, kind: string) => db.query(
    `insert into job (id, seq, kind, state, title, backend, correlation_id, request, frozen, created_at, finished_at)
     select ?1, count(*) + 1, ?2, 'succeeded', '', '', '', '{}', '{}', ?3, ?3 from job`,
  ).run(id, kind, at);
  const lora = (id: string, version: number, sizeBytes: number) => db.query(
    `insert into lora (id, character_id, version, file_name, trigger_word, base_model, steps, rank, size_bytes, sha256, job_id, created_at)
     values (?1, 'chr', ?2, ?1, 'adax7', 'm', 1, 16, ?3, '', 'train-' || ?1, ?4)`,
  ).run(id, version, sizeBytes, at);
  const output = (id: string, settings: string) => db.query(
    `insert into output (id, job_id, "index", width, height, size_bytes, settings, created_at) values (?1, 'paint-' || ?1, 0, 1, 1, 1, ?2, ?3)`,
  ).run(id, settings, at);
  for (const [id, sizeBytes] of [["played", 250_000], ["real", 171_969_456]] as const) {
    job(`train-${id}`, "training");
    lora(id, id === "real" ? 2 : 1, sizeBytes);
    job(`paint-with-${id}`, "generation");
    output(`with-${id}`, JSON.stringify({ loras: [{ id, strength: 1 }] }));
  }
  job("paint-alone", "generation");
  output("alone", JSON.stringify({ loras: [] }));
  migrate(db, { ...plan, steps: stateMigrations.slice(0, withMarks), backupFolder: "/nowhere" });
  db.run(stateMigrations[withMarks]!);
  return db;
}

test.each([[null, null], ["fast-test", 1], ["production", 0]] as Array<[string | null, number | null]>)("what was made before marks were kept is told apart by its LoRA, the rest by the chosen mode: %p", (mode, rest) => {
  using db = before(mode);
  expect(db.query("select id, simulated from lora order by id").values()).toEqual([["played", 1], ["real", 0]]);
  const marks: Array<[string, number | null]> = [["alone", rest], ["with-played", 1], ["with-real", 0]];
  expect(db.query("select id, simulated from output order by id").values()).toEqual(marks);
  expect(db.query("select id, simulated from job order by id").values()).toEqual([
    ...marks.map(([id, mark]) => [`paint-${id}`, mark]), ["train-played", 1], ["train-real", 0],
  ]);
});
