import type { Database } from "bun:sqlite";

export interface TableDigest {
  readonly rows: number;
  readonly sha256: string;
}

/** By table; `sqlite_schema` stands for the definitions of all of them. */
export type ContentDigest = Readonly<Record<string, TableDigest>>;

/** Rows between two pauses: some milliseconds of work. */
const rowsPerTurn = 2000;

/**
 * What a database holds, as one hash for each table. `integrity_check` sees a broken tree but not a changed letter, so a
 * copy is proven by this. Pauses at each `yield`; a database that others may write to has to be run through at once.
 */
export function* digestContent(db: Database): Generator<void, ContentDigest> {
  const digest: Record<string, TableDigest> = { sqlite_schema: digestSchema(db) };
  for (const table of tablesOf(db)) digest[table.name] = yield* digestTable(db, table);
  return digest;
}

/** Names of what differs, in words; empty: equal. */
export function compareContent(source: ContentDigest, copy: ContentDigest): string[] {
  const names = [...new Set([...Object.keys(source), ...Object.keys(copy)])];
  return names.flatMap((name) => {
    const [one, other] = [source[name], copy[name]];
    if (one === undefined || other === undefined) return [`the table ${name} is ${one === undefined ? "new" : "missing"}`];
    if (one.rows !== other.rows) return [`${name} has ${other.rows} rows instead of ${one.rows}`];
    return one.sha256 === other.sha256 ? [] : [`the content of ${name} differs`];
  });
}

/** Runs a piece of paused work to its end without a pause. */
export function runAtOnce<T>(work: Generator<void, T>): T {
  for (;;) {
    const turn = work.next();
    if (turn.done) return turn.value;
  }
}

/** Lets requests and timers through at every pause. With an aborted signal the work ends by throwing its reason. */
export async function runInTurns<T>(work: Generator<void, T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    const turn = signal?.aborted ? work.throw(signal.reason) : work.next();
    if (turn.done) return turn.value;
    await new Promise(setImmediate);
  }
}

interface Table {
  readonly name: string;
  readonly hasRowid: boolean;
}

function tablesOf(db: Database): Table[] {
  return once(db, "select name, wr from pragma_table_list where schema = 'main' and type = 'table' and name <> 'sqlite_schema' order by name", (all) =>
    (all as Array<{ name: string; wr: number }>).map(({ name, wr }) => ({ name, hasRowid: wr === 0 })),
  );
}

function digestSchema(db: Database): TableDigest {
  const rows = once(db, "select type, name, tbl_name, sql from sqlite_schema order by type, name", (all) => all);
  return { rows: rows.length, sha256: new Bun.CryptoHasher("sha256").update(JSON.stringify(rows)).digest("hex") };
}

/** `vacuum into` keeps the order of the rows, not their hidden numbers: so ordered by them, but without them. */
function* digestTable(db: Database, table: Table): Generator<void, TableDigest> {
  const columns = once(db, `select name from pragma_table_info(${quoteText(table.name)})`, (all) => (all as Array<{ name: string }>).map(({ name }) => name));
  const line = columns.map((column) => `quote(${quoteName(column)})`).join(" || ',' || ");
  const statement = db.prepare<{ line: string }, []>(`select ${line} as line from ${quoteName(table.name)}${table.hasRowid ? " order by rowid" : ""}`);
  const hash = new Bun.CryptoHasher("sha256");
  let rows = 0;
  try {
    for (const row of statement.iterate()) {
      hash.update(row.line).update("\n");
      if (++rows % rowsPerTurn === 0) yield;
    }
  } finally {
    statement.finalize();
  }
  return { rows, sha256: hash.digest("hex") };
}

/** A statement that stays open keeps the file locked after `close`. */
function once<T>(db: Database, sql: string, use: (rows: unknown[]) => T): T {
  const statement = db.prepare(sql);
  try {
    return use(statement.all());
  } finally {
    statement.finalize();
  }
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
