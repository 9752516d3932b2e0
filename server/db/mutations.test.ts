import { expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { mutate } from "../testing/mutate.ts";
import { seededRandom } from "../testing/random.ts";
import { DataInUse, DataProblem } from "./data-problem.ts";
import { openData } from "./open-data.ts";
import { back, close, dataFolder, fill, withData } from "./testing/data.ts";

const rounds = 600;

test(`${rounds} damaged databases and write-ahead logs are opened or refused in words; a refused one is left as it was found`, () => {
  const random = seededRandom(31);
  using folder = dataFolder();
  const { paths } = folder;
  withData(paths, (data) => {
    fill(data, "whole", 60);
    back(paths, data);
  });
  const whole = readFileSync(paths.stateDb);
  const ends = { opened: 0, refused: 0 };
  for (let round = 0; round < rounds; round++) {
    for (const file of [`${paths.stateDb}-wal`, `${paths.stateDb}-shm`]) rmSync(file, { force: true });
    const damaged = round % 5 === 0 ? whole : mutate(whole, random);
    writeFileSync(paths.stateDb, damaged);
    if (round % 5 === 0) writeFileSync(`${paths.stateDb}-wal`, mutate(whole.subarray(0, 8192), random));
    const end = openOnce(paths);
    ends[end === "opened" ? "opened" : "refused"]++;
    if (end === "refused" && round % 5 !== 0) expect(readFileSync(paths.stateDb).equals(damaged)).toBe(true);
  }
  expect(Math.min(ends.opened, ends.refused)).toBeGreaterThan(rounds / 20);
}, 120_000);

/** "failed": looked sound at the start, and SQLite told of the damage when a page was read; a server on it goes on hold. */
function openOnce(paths: Parameters<typeof openData>[0]): "opened" | "refused" | "failed" {
  try {
    const data = openData(paths);
    data.state.prepare("select count(*) from character").all();
    close(data);
    return "opened";
  } catch (error) {
    if (error instanceof DataProblem || error instanceof DataInUse) return "refused";
    if ((error as { code?: string }).code?.startsWith("SQLITE_") === true) return "failed";
    throw error;
  }
}
