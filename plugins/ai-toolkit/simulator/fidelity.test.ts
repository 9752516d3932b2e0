import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Database } from "bun:sqlite";
import { temporaryFolder } from "../../../server/testing/folder.ts";
import { spawnPty, type PtyExit } from "../../../server/process/pty.ts";
import { waitFor } from "../../../server/testing/wait.ts";
import { drawPortrait } from "../../simulation/portrait.ts";
import { readSafetensors } from "../../../server/formats/safetensors.ts";
import { plainText } from "../watch/bars.ts";
import { createControlDb, readControl } from "../start/control-db.ts";
import { replay } from "../testing-replay.ts";

const fixtures = join(import.meta.dir, "..", "fixtures");
const entry = join(import.meta.dir, "..", "..", "testing-simulate.ts");
const folder = temporaryFolder();
afterAll(() => folder.remove());

interface Ran { readonly bytes: Buffer; readonly exit: PtyExit; readonly outputDir: string }

/** The job of `flux-ok.log`, with its own folders. */
function jobOf(root: string): Record<string, unknown> {
  return {
    type: "diffusion_trainer", training_folder: join(root, "runs"), device: "cpu", trigger_word: "ohwx",
    network: { type: "lora", linear: 4, linear_alpha: 4 }, save: { dtype: "float16", save_every: 5, max_step_saves_to_keep: 2 },
    datasets: [{ folder_path: join(root, "ds"), caption_ext: "txt", caption_dropout_rate: 0.05, cache_latents_to_disk: true, resolution: [64, 96] }],
    train: { batch_size: 1, steps: 12, gradient_accumulation: 1, train_unet: true, train_text_encoder: false, gradient_checkpointing: false, noise_scheduler: "flowmatch", optimizer: "adamw", lr: 0.0001, dtype: "bf16" },
    logging: { log_every: 1, use_ui_logger: true }, model: { name_or_path: "/data/flux", arch: "flux" },
    sample: { sampler: "flowmatch", sample_every: 5, width: 64, height: 64, prompts: ["a photo of [trigger]", "a dog --seed 7"], neg: "", seed: 42, walk_seed: true, guidance_scale: 4, sample_steps: 3 },
  };
}

async function prepare(name: string, change: (process: Record<string, unknown>) => void = () => {}): Promise<string> {
  const root = join(folder.path, name);
  mkdirSync(join(root, "ds"), { recursive: true });
  const sizes = [[96, 96], [100, 96], [96, 120], [140, 100], [96, 96]] as const;
  for (const [index, [width, height]] of sizes.entries()) {
    writeFileSync(join(root, "ds", `${index}.jpg`), await drawPortrait({ width, height, seed: index, prompt: "x", clarity: 1, identity: null, format: "jpeg" }));
  }
  const process = jobOf(root);
  change(process);
  writeFileSync(join(root, "config.json"), JSON.stringify({ job: "extension", config: { name: "tiny_flux", process: [process] }, meta: { name: "[name]", version: "1.0" } }));
  return root;
}

async function simulate(root: string, options: { args?: string[]; env?: Record<string, string>; during?: (pid: number, text: () => string) => Promise<void> } = {}): Promise<Ran> {
  const chunks: Buffer[] = [];
  const env = { PATH: process.env.PATH ?? "", ISENGARD_SIM_SPEED: "100", ...options.env };
  const pty = spawnPty(process.execPath, [entry, "simulate", "ai-toolkit", ...(options.args ?? [join(root, "config.json")])], { cwd: root, env, cols: 120, rows: 40 });
  pty.onData((bytes) => chunks.push(Buffer.from(bytes)));
  const ended = new Promise<PtyExit>((resolve) => pty.onExit(resolve));
  try {
    await options.during?.(pty.pid, () => Buffer.concat(chunks).toString());
  } catch (error) {
    pty.kill("SIGKILL");
    throw error;
  }
  return { exit: await ended, bytes: Buffer.concat(chunks), outputDir: join(root, "runs", "tiny_flux") };
}

/** Lines without numbers, paths and repeats: what a person would call the course of events. */
function course(bytes: Uint8Array): string[] {
  const events: string[] = [];
  for (const segment of Buffer.from(bytes).toString().split(/[\r\n]+/)) {
    const text = plainText(segment).trim().replaceAll(/\/[\w./-]*\//g, "/…/").replace(/\s*\d+%\|.*$/, " …%").replaceAll(/\d+/g, "N");
    if (text !== "" && events.at(-1) !== text) events.push(text);
  }
  return events.filter((text) => !/^"|^[{}[\]]/.test(text));
}

describe("the simulated AI-Toolkit", () => {
  test("tells the same events in the same order as the recorded one, and parses to the same stages", async () => {
    const recorded = readFileSync(join(fixtures, "flux-ok.log"));
    const ran = await simulate(await prepare("ok"));
    expect(ran.exit).toEqual({ exitCode: 0, signal: 0 });
    expect(course(ran.bytes)).toEqual(course(recorded));
    const [real, played] = [replay(recorded, "tiny_flux", 12), replay(ran.bytes, "tiny_flux", 12)];
    expect(played.seen).toEqual(real.seen);
    expect(played.last.stages.map((stage) => [stage.id, stage.state])).toEqual(real.last.stages.map((stage) => [stage.id, stage.state]));
  }, 30_000);

  test("paints its bars as wide as the recorded ones and with the same signs", async () => {
    const bars = (bytes: Buffer, label: string) => bytes.toString().split(/[\r\n]/).filter((text) => text.startsWith(label)).map(plainText);
    const ran = await simulate(await prepare("bars"));
    const recorded = readFileSync(join(fixtures, "flux-ok.log"));
    for (const label of ["tiny_flux:", "Generating Images:", "Caching latents to disk:"]) {
      const [played, real] = [bars(ran.bytes, label), bars(recorded, label)];
      expect(played[0]!.replaceAll(/\d+(?=\/|\/?\d* \[)|(?<=\/)\d+/g, "N"), label).toBe(real[0]!.replaceAll(/\d+(?=\/|\/?\d* \[)|(?<=\/)\d+/g, "N"));
      for (const bar of played) expect(bar.replace(/\d+\.\d\d(?=it\/s)/, (rate) => rate.padStart(5)).length, bar).toBeGreaterThanOrEqual(119);
    }
    for (const bar of [...bars(ran.bytes, "tiny_flux:"), ...bars(recorded, "tiny_flux:")]) {
      const [, cells = "", done, total] = /\|([^|]*)\| (\d+)\/(\d+)/.exec(bar)!;
      const filled = cells.replaceAll(/[^█]/g, "").length;
      expect(filled, bar).toBe(Math.floor((Number(done) / Number(total)) * cells.length));
    }
  }, 30_000);

  test("leaves the same files, databases and headers", async () => {
    const { outputDir } = await simulate(await prepare("files"));
    const kinds = (dir: string) => readdirSync(dir).filter((name) => !name.startsWith(".")).map((name) => name.replaceAll(/\d{10,}/g, "T")).sort();
    expect(kinds(outputDir)).toEqual([...kinds(join(fixtures, "output-folder")), "optimizer.pt"].sort());
    expect(kinds(join(outputDir, "samples"))).toEqual(kinds(join(fixtures, "output-folder", "samples")));
    expect(readdirSync(join(outputDir, "samples", ".thumbs")).every((name) => name.endsWith(".jpg.jpg"))).toBe(true);
    const headers = [outputDir, join(fixtures, "output-folder")].map((dir) => readSafetensors(join(dir, "tiny_flux.safetensors")));
    const [played, real] = headers.map((result) => (result.kind === "valid" ? result.header : null));
    expect([...played!.tensors.keys()].sort()).toEqual([...real!.tensors.keys()].sort());
    // It adds that it is simulated, and by what the simulated ComfyUI draws the person.
    expect([...played!.metadata.keys()].filter((key) => !key.startsWith("isengard_")).sort()).toEqual([...real!.metadata.keys()].sort());
    expect(played!.metadata.get("training_info")).toStartWith('{"step": 12,');
    using db = new Database(join(outputDir, "loss_log.db"), { readonly: true });
    expect(db.query("SELECT min(step) AS low, max(step) AS high, count(*) AS count FROM metrics WHERE key = 'loss/loss'").get()).toEqual({ low: 1, high: 11, count: 11 });
    expect(db.query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").values().flat()).toEqual(["metric_keys", "metrics", "steps"]);
  }, 30_000);

  test("writes config.yaml as the real one does", async () => {
    const { outputDir } = await simulate(await prepare("yaml"));
    const own = readFileSync(join(outputDir, "config.yaml"), "utf8").replaceAll(join(folder.path, "yaml"), "/data");
    expect(own).toBe(readFileSync(join(fixtures, "output-folder", "config.yaml"), "utf8"));
  }, 30_000);

  test("resumes from the newest checkpoint and says so in the real words", async () => {
    const root = await prepare("resume");
    await simulate(root);
    const longer = JSON.parse(readFileSync(join(root, "config.json"), "utf8")) as { config: { process: Array<{ train: { steps: number } }> } };
    longer.config.process[0]!.train.steps = 20;
    writeFileSync(join(root, "config.json"), JSON.stringify(longer));
    const text = (await simulate(root)).bytes.toString();
    expect(text).toContain(`#### IMPORTANT RESUMING FROM ${join(root, "runs/tiny_flux/tiny_flux.safetensors")} ####`);
    expect(text).toContain("Found step 12 in metadata, starting from there");
    expect(text).not.toContain("Generating baseline samples");
    expect(text).toContain(" 12/20 ");
    expect(text).toContain("Removing old save:");
  }, 30_000);

  test("a resume tells the same events as the recorded one", async () => {
    const root = await prepare("resumed", (process) => {
      (process.datasets as Array<Record<string, unknown>>)[0]!.resolution = [64];
      Object.assign(process.train as object, { cache_text_embeddings: true, ema_config: { use_ema: true } });
      Object.assign(process.sample as object, { sample_every: 100 });
      Object.assign(process.save as object, { save_every: 100, max_step_saves_to_keep: 0 });
    });
    await simulate(root);
    const path = join(root, "config.json");
    writeFileSync(path, readFileSync(path, "utf8").replace('"steps":12', '"steps":20'));
    const events = course((await simulate(root)).bytes).map((text) => text.replaceAll("tiny_flux", "ada_vN"));
    const once = (list: string[]) => list.filter((text) => !/^NxN|buckets made/.test(text));
    expect(once(events)).toEqual(once(course(readFileSync(join(fixtures, "resume-from-checkpoint.log")))));
  }, 30_000);

  test("an interrupt ends it with the banner and exit code 0, other signals kill it, and nothing is saved", async () => {
    for (const [signal, exit] of [["SIGINT", { exitCode: 0, signal: 0 }], ["SIGTERM", 15], ["SIGHUP", 1]] as const) {
      const root = await prepare(`stop-${signal}`, (process) => { (process.train as { steps: number }).steps = 4000; });
      const ran = await simulate(root, { env: { ISENGARD_SIM_SPEED: "5" }, during: async (pid, text) => {
        await waitFor("it trains", () => /tiny_flux: .* 2\/4000/.test(text()));
        process.kill(pid, signal);
      } });
      if (typeof exit === "number") expect(ran.exit.signal, signal).toBe(exit);
      else expect(ran.exit, signal).toEqual(exit);
      expect(ran.bytes.toString().includes("Job stopped"), signal).toBe(signal === "SIGINT");
      expect(readdirSync(ran.outputDir).filter((name) => name === "tiny_flux.safetensors")).toEqual([]);
    }
  }, 60_000);

  test("the control database shows phase, step and speed, and its flags save, sample, stop and requeue", async () => {
    for (const [flag, status, exit] of [["stop", "stopped", 1], ["return_to_queue", "queued", 1], ["save_now", "completed", 0], ["sample_now", "completed", 0]] as const) {
      const root = await prepare(`flag-${flag}`, (process) => {
        (process.train as { steps: number }).steps = exit === 1 ? 4000 : 400;
        process.sqlite_db_path = join(folder.path, `flag-${flag}`, "control.db");
        process.performance_log_every = 2;
        (process.save as { save_every: number }).save_every = 100_000;
        (process.sample as { sample_every: number }).sample_every = 100_000;
      });
      const path = join(root, "control.db");
      createControlDb(path, "j1");
      const ran = await simulate(root, { env: { AITK_JOB_ID: "j1", ISENGARD_SIM_SPEED: "10" }, during: async () => {
        await waitFor("it trains", () => (readControl(path, "j1")?.speed ?? "") !== "");
        using db = new Database(path, { readwrite: true });
        db.run(`PRAGMA busy_timeout = 5000`);
        db.run(`UPDATE Job SET ${flag} = 1`);
      } });
      expect(ran.exit.exitCode, flag).toBe(exit);
      const state = readControl(path, "j1")!;
      expect(state.status, flag).toBe(status);
      expect(state.speed, flag).toMatch(/^\d+\.\d\d (iter\/sec|sec\/iter)$/);
      const text = ran.bytes.toString();
      if (flag === "stop") expect(text).toContain("Error running job: Job stopped");
      if (flag === "return_to_queue") expect(text).toContain("Error running job: Job returning to queue");
      if (flag === "save_now") expect(text).toMatch(/Saving at step \d+\r\nSaved checkpoint to/);
      if (flag === "sample_now") expect(text).toMatch(/Sampling at step \d+/);
    }
  }, 60_000);

  test("its arguments are those of run.py: a log file, a name for the token, several jobs, recovery", async () => {
    const root = await prepare("args", (process) => { process.trigger_word = "[name]"; });
    const config = join(root, "config.json");
    const logged = await simulate(root, { args: ["-l", join(root, "logs/out.txt"), config] });
    expect(readFileSync(join(root, "logs/out.txt"), "utf8").replaceAll("\n", "\r\n")).toBe(logged.bytes.toString());
    expect(logged.bytes.toString()).toMatch(/ 50%\|#####     \| 1\/2|100%\|##########\|/);
    const twice = await simulate(root, { args: ["-r", join(root, "none.json"), config] });
    expect(twice.exit.exitCode).toBe(0);
    expect(twice.bytes.toString()).toContain("Running 2 jobs");
    expect((await simulate(root, { args: [] })).exit.exitCode).toBe(2);
    expect((await simulate(root, { args: [join(root, "none.json")] })).exit.exitCode).toBe(1);
  }, 30_000);

  test("fills variables into the job file, and refuses unknown ones, as the real one", async () => {
    const root = await prepare("variables", (process) => { process.trigger_word = "${WORD}"; });
    expect((await simulate(root, { env: { WORD: "ohwx" } })).bytes.toString()).toContain('"trigger_word": "ohwx"');
    const refused = await simulate(root);
    expect(refused.exit.exitCode).toBe(1);
    expect(refused.bytes.toString()).toContain("Error running job: Environment variable WORD not set.");
  }, 30_000);
});
