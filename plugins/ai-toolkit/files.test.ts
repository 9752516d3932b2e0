import { afterAll, describe, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../server/testing/folder.ts";
import type { TrainingPhoto } from "../interfaces/training.ts";
import { writeSafetensors } from "../simulation/safetensors.ts";
import { askTrainer, createControlDb, readControl } from "./start/control-db.ts";
import { writeDataset } from "./start/dataset.ts";
import { LossReader } from "./watch/loss.ts";
import { prepareResume } from "./start/resume.ts";
import { LossLog } from "./simulator/loss-log.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());
const place = (name: string) => join(folder.path, name);

function photo(name: string, content: string, caption: string, mediaType = "image/jpeg"): TrainingPhoto {
  const path = place(name);
  writeFileSync(path, content);
  return { path, sha256: new Bun.CryptoHasher("sha256").update(content).digest("hex"), mediaType, caption };
}

function saveLora(path: string, step: number): void {
  writeSafetensors(path, [{ name: "transformer.a.lora_A.weight", shape: [4, 8] }], { training_info: JSON.stringify({ step, epoch: 1 }) }, step);
}

describe("the dataset snapshot", () => {
  test("has each photo once under the name of its content, with its caption beside it", async () => {
    const dir = place("ds1");
    const photos = [photo("a.jpg", "A", "in a\n park "), photo("b.png", "B", "", "image/png"), photo("c.jpg", "A", "a copy"), photo("d.heic", "D", "", "image/heic")];
    const written = await writeDataset(dir, photos, "ohwx");
    expect(written.photoCount).toBe(2);
    expect(written.warnings).toEqual(["One photo was left out because AI-Toolkit does not read image/heic."]);
    const stem = (index: number) => photos[index]!.sha256.slice(0, 32);
    expect(readdirSync(dir).sort()).toEqual([`${stem(0)}.jpg`, `${stem(0)}.txt`, `${stem(1)}.png`, `${stem(1)}.txt`].sort());
    expect(readFileSync(join(dir, `${stem(0)}.txt`), "utf8")).toBe("ohwx in a park");
    expect(readFileSync(join(dir, `${stem(1)}.txt`), "utf8")).toBe("ohwx person");
  });

  test("a photo without a caption is called a person, once, and a caption of the person's own stays as it is", async () => {
    const dir = place("ds-class");
    const empty = [photo("u.jpg", "U", " \n "), photo("v.jpg", "V", "{trigger}")];
    const captions = () => empty.map(({ sha256 }) => readFileSync(join(dir, `${sha256.slice(0, 32)}.txt`), "utf8"));
    await writeDataset(dir, empty, "ohwx");
    expect(captions()).toEqual(["ohwx person", "ohwx"]);
    await writeDataset(dir, empty, "ohwx Person");
    expect(captions()[0]).toBe("ohwx Person");
  });

  test("each caption has the trigger word once as a word, whatever letters of it stand elsewhere", async () => {
    const dir = place("ds-trigger");
    const cases = [["photo of {trigger} smiling", "photo of ron smiling"], ["[Trigger] at sea", "ron at sea"], ["front view, strong light", "ron front view, strong light"], ["Ron, outside", "ron, outside"]];
    const photos = cases.map(([caption], index) => photo(`t${index}.jpg`, `T${index}`, caption!));
    await writeDataset(dir, photos, "ron");
    expect(photos.map(({ sha256 }) => readFileSync(join(dir, `${sha256.slice(0, 32)}.txt`), "utf8"))).toEqual(cases.map(([, text]) => text!));
  });

  test("writing it again touches nothing, repairs what was cut off, and removes photos that left", async () => {
    const dir = place("ds2");
    const photos = [photo("e.jpg", "EEEE", "one"), photo("f.jpg", "FFFF", "two")];
    await writeDataset(dir, photos, "ohwx");
    mkdirSync(join(dir, "_latent_cache"));
    const first = join(dir, `${photos[0]!.sha256.slice(0, 32)}.jpg`);
    const before = statSync(first).ctimeMs;
    writeFileSync(join(dir, `${photos[1]!.sha256.slice(0, 32)}.jpg`), "FF");
    await writeDataset(dir, photos, "ohwx");
    expect(statSync(first).ctimeMs).toBe(before);
    expect(readFileSync(join(dir, `${photos[1]!.sha256.slice(0, 32)}.jpg`), "utf8")).toBe("FFFF");
    await writeDataset(dir, photos.slice(0, 1), "ohwx");
    expect(readdirSync(dir).length).toBe(3);
    expect(existsSync(join(dir, "_latent_cache"))).toBe(true);
  });
});

describe("preparing a resume", () => {
  test("F26: sets everything aside that would be loaded and is not a whole checkpoint", async () => {
    const out = place("out1"), quarantine = place("q1");
    mkdirSync(join(out, "ada_v1_notes"), { recursive: true });
    saveLora(join(out, "ada_v1_000000010.safetensors"), 10);
    writeFileSync(join(out, "ada_v1_000000020.safetensors"), "short");
    writeFileSync(join(out, "ada_v1_readme.txt"), "");
    writeFileSync(join(out, "optimizer.pt"), "");
    const plan = await prepareResume(out, quarantine, "ada_v1", 40);
    expect(plan.finished).toBe(null);
    expect(plan.moved.length).toBe(3);
    expect(readdirSync(out).sort()).toEqual(["ada_v1_000000010.safetensors", "optimizer.pt"]);
    expect(readdirSync(quarantine).length).toBe(3);
  });

  test("F25: wherever a checkpoint was cut off, it is set aside and the one before stays", async () => {
    const out = place("cut"), quarantine = place("q-cut");
    mkdirSync(out);
    const newest = join(out, "ada_v1_000000020.safetensors");
    saveLora(join(out, "ada_v1_000000010.safetensors"), 10);
    saveLora(newest, 20);
    writeFileSync(join(out, "optimizer.pt"), "state");
    const whole = readFileSync(newest);
    for (let bytes = 0; bytes < whole.length; bytes += bytes < 600 ? 1 : 97) {
      writeFileSync(newest, whole.subarray(0, bytes));
      const { moved } = await prepareResume(out, quarantine, "ada_v1", 40);
      expect([bytes, moved.length, readdirSync(out).sort()]).toEqual([bytes, 1, ["ada_v1_000000010.safetensors", "optimizer.pt"]]);
      rmSync(quarantine, { recursive: true });
    }
  });

  test("knows a finished training, and only with the steps that were asked for", async () => {
    const out = place("out2");
    mkdirSync(out);
    saveLora(join(out, "ada_v1.safetensors"), 40);
    expect((await prepareResume(out, place("q2"), "ada_v1", 40)).finished).toMatchObject({ step: 40, rank: 4 });
    expect((await prepareResume(out, place("q2"), "ada_v1", 60)).finished).toBe(null);
    expect(existsSync(join(out, "ada_v1.safetensors"))).toBe(true);
  });

  test("a folder that does not exist yet is a fresh start", async () => {
    expect(await prepareResume(place("none"), place("q3"), "ada_v1", 40)).toEqual({ finished: null, moved: [], setAside: [] });
  });
});

describe("the control database", () => {
  test("has the nine columns, a plain journal, and survives being made twice", () => {
    const path = place("control.db");
    createControlDb(path, "j1");
    using db = new Database(path);
    db.run("UPDATE Job SET status = 'running', info = 'Training', step = '7', speed_string = '1.23 iter/sec'");
    createControlDb(path, "j1");
    expect(readControl(path, "j1")).toEqual({ status: "running", info: "Training", step: 7, speed: "1.23 iter/sec" });
    const columns = db.query<{ name: string }, []>("PRAGMA table_info(Job)").all().map((column) => column.name);
    expect(columns).toEqual(["id", "status", "info", "step", "speed_string", "stop", "return_to_queue", "save_now", "sample_now"]);
    expect(db.query("PRAGMA journal_mode").get()).toEqual({ journal_mode: "delete" });
    expect(askTrainer(path, "j1", "stop")).toBe(true);
    expect(db.query("SELECT stop FROM Job").get()).toEqual({ stop: 1 });
  });

  test("is unknown while the file is missing, foreign or garbage", () => {
    writeFileSync(place("garbage.db"), "not a database");
    for (const name of ["missing.db", "garbage.db"]) {
      expect(readControl(place(name), "j1")).toBe(null);
      expect(askTrainer(place(name), "j1", "stop")).toBe(false);
    }
    createControlDb(place("other.db"), "j1");
    expect(readControl(place("other.db"), "j2")).toBe(null);
  });
});

describe("the loss database", () => {
  test("the recorded one is read once, completely", () => {
    const path = place("recorded.db");
    copyFileSync(join(import.meta.dir, "fixtures", "output-folder", "loss_log.db"), path);
    const reader = new LossReader(path);
    const found = reader.read();
    expect([...found.keys()].sort()).toEqual(["learning_rate", "loss/loss"]);
    expect(found.get("loss/loss")!.map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(found.get("loss/loss")![0]![1]).toBeCloseTo(3.894, 3);
    expect(reader.read().size).toBe(0);
  });

  test("rows written after a resume are read although their steps are lower", async () => {
    const path = place("resumed.db");
    const reader = new LossReader(path);
    expect(reader.read().size).toBe(0);
    const first = new LossLog(path);
    for (let step = 1; step <= 9; step++) first.commit(step, { "loss/loss": 1 });
    first.finish();
    expect(reader.read().get("loss/loss")!.length).toBe(9);
    await Bun.sleep(2);
    const second = new LossLog(path);
    for (let step = 6; step <= 7; step++) second.commit(step, { "loss/loss": 2 });
    second.finish();
    expect(reader.undoneAfter()).toBe(9);
    expect(reader.read().get("loss/loss")).toEqual([[6, 2], [7, 2]]);
    expect(reader.undoneAfter()).toBe(6);
    expect(reader.read().size).toBe(0);
    expect(reader.undoneAfter()).toBe(null);
    const late = new LossReader(path);
    expect(late.read().get("loss/loss")!.length).toBe(7);
    expect(late.undoneAfter()).toBe(7);
  });

  test("is read while the trainer has it open, more than one look's worth", () => {
    const path = place("long.db");
    const log = new LossLog(path);
    for (let step = 1; step <= 9000; step++) log.commit(step, { "loss/loss": step });
    log.finish();
    const open = new LossLog(path);
    const reader = new LossReader(path);
    const steps = new Set<number>();
    for (let look = 0; look < 5; look++) for (const [step] of reader.read().get("loss/loss") ?? []) steps.add(step);
    open.finish();
    expect(steps.size).toBe(9000);
  });
});
