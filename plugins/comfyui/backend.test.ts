import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../server/testing/folder.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { DurableJob, TestImageHost, TestServices } from "../conformance/image-host.ts";
import type { ImageJob } from "../interfaces/image.ts";
import type { PluginSettings } from "../plugin.ts";
import { writeSafetensors } from "../simulation/safetensors.ts";
import { comfyBackend } from "./backend.ts";
import { ComfyClient } from "./protocol/client.ts";
import { fluxGraph, requiredClasses } from "./recipes/graph.ts";
import { chooseFiles } from "./recipes/layout.ts";
import { defaultLimits } from "./generation/limits.ts";
import { comfyService } from "./service/service.ts";

// Real processes on a busy machine need more than the usual five seconds.
setDefaultTimeout(30_000);

const entry = join(import.meta.dir, "..", "..", "server", "main.ts");
const folder = temporaryFolder();
const opened: TestServices[] = [];
afterAll(async () => {
  for (const services of opened) await services[Symbol.asyncDispose]();
  folder.remove();
});

const limits = { ...defaultLimits, cancelMs: 800, lostGapMs: 300, pollMs: 200 };
const impatient = { ...limits, stallMs: 700, stallWithoutSocketMs: 700 };

function bench(scenario: string, speed = 10, chosen = limits) {
  const root = join(folder.path, `${scenario}-${opened.length}`);
  const lorasDir = join(root, "loras");
  mkdirSync(lorasDir, { recursive: true });
  const settings: PluginSettings = {
    mode: "fast-test", self: [process.execPath, entry], aiToolkit: { dir: null, python: null }, comfyui: { dir: null, python: null, url: null },
    lorasDir, modelsDir: "/nowhere", baseModel: null, hfTokenFile: null, simulator: { scenario, speed },
  };
  const services = new TestServices([comfyService(settings)], root);
  opened.push(services);
  return { root, lorasDir, services, backend: comfyBackend(settings, chosen), host: new TestImageHost(new DurableJob("job-x", join(root, "job")), services) };
}

function job(given: Partial<ImageJob> = {}): ImageJob {
  return { prompt: "portrait of ada", model: "flux-dev", loras: [], seeds: [1], width: 512, height: 512, steps: 20, guidance: 3.5, ...given };
}

const fluxTensor = "transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight";

function lora(lorasDir: string, name: string, tensor = fluxTensor): ImageJob["loras"][number] {
  const path = join(lorasDir, `${name}.safetensors`);
  writeSafetensors(path, [{ name: tensor, shape: [4, 8] }], {}, 1);
  return { id: `lor-${name}`, name, fileName: `${name}.safetensors`, path, strength: 0.9 };
}

describe("scenarios", () => {
  test("sockets that drop every second cost previews, not pictures", async () => {
    const { backend, host } = bench("drop-socket", 2);
    expect(await backend.generate(job({ seeds: [1, 2] }), host)).toEqual({ kind: "succeeded" });
    expect(host.job.outputs.size).toBe(2);
  });

  test("F30: a ComfyUI that dies in the middle ends the attempt, and the next has it started again and makes the pictures", async () => {
    const { backend, host, services } = bench("die-at-step");
    const lost = await backend.generate(job({ seeds: [1, 2] }), host);
    expect(lost).toMatchObject({ kind: "failed", failure: { code: "killed", why: expect.stringContaining("ComfyUI ended while it made it") } });
    expect(await backend.generate(job({ seeds: [1, 2] }), host)).toEqual({ kind: "succeeded" });
    expect(services.started).toHaveLength(2);
    expect(host.job.doubled).toBe(0);
  });

  test("when cancelling is ignored ComfyUI is restarted, so that the card is free", async () => {
    const { backend, host, services } = bench("hang");
    const outcome = backend.generate(job(), host);
    await waitFor("it samples", () => host.seen.some(({ step }) => step >= 1));
    host.cancel();
    expect(await outcome).toEqual({ kind: "stopped" });
    expect(services.process("comfyui")).toBeNull();
  });

  test("a picture that makes no progress is tried again, then given up with a sentence", async () => {
    const { backend, host, services } = bench("hang", 10, impatient);
    const outcome = await backend.generate(job(), host);
    expect(outcome.kind === "failed" && outcome.failure.why).toContain("3 times");
    expect(services.started).toHaveLength(3);
  });

  test("a port that is taken is a failure of the engine in words", async () => {
    const { backend, host } = bench("port-taken");
    const outcome = await backend.generate(job(), host);
    expect(outcome.kind === "failed" && outcome.failure).toMatchObject({ code: "engine", why: expect.stringContaining("port") });
  });

  test("cancelling while it boots slowly does not wait for it", async () => {
    const { backend, host } = bench("slow-boot", 4);
    const outcome = backend.generate(job(), host);
    await waitFor("the start is shown", () => host.seen.length > 0);
    const begun = performance.now();
    host.cancel();
    expect(await outcome).toEqual({ kind: "stopped" });
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  test("a simulator that ignores SIGINT and SIGTERM needs SIGKILL", async () => {
    const { services } = bench("ignore-term");
    await services.use("comfyui");
    const child = services.process("comfyui")?.child;
    if (!child) throw new Error("It did not start.");
    child.kill("SIGINT");
    child.kill("SIGTERM");
    expect(await Promise.race([child.exited, Bun.sleep(300).then(() => "still there")])).toBe("still there");
    child.kill("SIGKILL");
    await child.exited;
    expect(child.signalCode).toBe("SIGKILL");
  });

  test("SIGINT ends it with code 0 and takes the temp folder along, SIGTERM kills it on the spot", async () => {
    for (const [signal, code, left] of [["SIGINT", 0, false], ["SIGTERM", null, true]] as const) {
      const { services, root } = bench("ok");
      await services.use("comfyui");
      const running = services.process("comfyui");
      if (!running) throw new Error("It did not start.");
      running.child.kill(signal);
      await running.child.exited;
      expect(running.child.exitCode).toBe(code);
      expect(existsSync(join(root, "comfyui", `run-${running.port}`, "temp"))).toBe(left);
    }
  });
});

describe("LoRAs", () => {
  test("prompt, seed, LoRA and strength each change the picture", async () => {
    const { backend, lorasDir, root, services } = bench("ok", 50);
    const ada = lora(lorasDir, "ada_v1");
    const ben = lora(lorasDir, "ben_v1");
    const variants: Array<Partial<ImageJob>> = [
      {}, { prompt: "portrait of ada at the sea" }, { seeds: [2] }, { loras: [ada] }, { loras: [{ ...ada, strength: 0.3 }] }, { loras: [ben] },
    ];
    const pictures = new Set<string>();
    for (const [index, variant] of variants.entries()) {
      const host = new TestImageHost(new DurableJob(`job-${index}`, join(root, `job-${index}`)), services);
      expect(await backend.generate(job(variant), host)).toEqual({ kind: "succeeded" });
      const bytes = Buffer.from(host.job.outputs.get(0)?.bytes ?? []);
      pictures.add(Bun.hash(bytes.subarray(bytes.indexOf("IDAT"))).toString());
      expect(host.warnings).toEqual([]);
    }
    expect(pictures.size).toBe(variants.length);
  });

  test("one for another model is warned about before and after, and the picture is made", async () => {
    const { backend, lorasDir, host } = bench("ok", 50);
    const other = lora(lorasDir, "sd_v1", "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q.lora_down.weight");
    expect(await backend.generate(job({ loras: [other] }), host)).toEqual({ kind: "succeeded" });
    expect(host.warnings).toHaveLength(2);
    expect(host.warnings[0]).toBe("sd_v1 is not for FLUX.1, so it probably changes nothing.");
    expect(host.warnings[1]).toContain("could not use 1 parts of the LoRA (sd_v1)");
  });

  test("a damaged file fails before ComfyUI is even started", async () => {
    const { backend, lorasDir, host, services } = bench("ok");
    const broken = lora(lorasDir, "broken_v1");
    writeFileSync(broken.path, "half a fi");
    const outcome = await backend.generate(job({ loras: [broken] }), host);
    expect(outcome.kind === "failed" && outcome.failure.code).toBe("corrupt_model");
    expect(services.started).toHaveLength(0);
  });

  test("one that ComfyUI does not list is named with its folder", async () => {
    const { backend, lorasDir, root, host } = bench("ok", 50);
    mkdirSync(join(root, "elsewhere"));
    const hidden = lora(join(root, "elsewhere"), "hidden_v1");
    const outcome = await backend.generate(job({ loras: [hidden, lora(lorasDir, "ada_v1")] }), host);
    expect(outcome.kind === "failed" && outcome.failure.why).toBe("hidden_v1.safetensors is not in ComfyUI's folder models/loras.");
  });
});

test("pictures of ComfyUI's own folder are removed once they are stored", async () => {
  const { backend, host, root } = bench("ok", 50);
  await backend.generate(job({ seeds: [1, 2] }), host);
  expect(existsSync(join(root, "comfyui", "output", "isengard", "job-x"))).toBe(false);
  expect(host.job.outputs.size).toBe(2);
});

test("a ComfyUI elsewhere is only spoken to: pictures come over HTTP and nothing of it is touched", async () => {
  const { backend, services, root } = bench("ok", 50);
  const attached = new TestServices([], root);
  attached.use = async (name) => ({ ...await services.use(name), dir: null, restart: () => Promise.reject(new Error("It is not ours.")) });
  const host = new TestImageHost(new DurableJob("job-attached", join(root, "job")), attached);
  expect(await backend.generate(job({ seeds: [1, 2] }), host)).toEqual({ kind: "succeeded" });
  expect(host.job.outputs.size).toBe(2);
  expect(existsSync(join(root, "comfyui", "output", "isengard", "job-attached"))).toBe(true);
});

test("a crash between noting a prompt and sending it costs a moment, not a picture", async () => {
  const { backend, host, services } = bench("ok", 50);
  const { instance } = await services.use("comfyui");
  host.remember("prompt:0", `${crypto.randomUUID()} ${instance}`);
  expect(await backend.generate(job(), host)).toEqual({ kind: "succeeded" });
  expect(host.job.outputs.size).toBe(1);
});

test("a prompt that another life of ComfyUI had is not waited for", async () => {
  const { backend, host } = bench("ok", 50);
  host.remember("prompt:0", `${crypto.randomUUID()} of-another-life`);
  expect(await backend.generate(job(), host)).toEqual({ kind: "succeeded" });
  expect(host.logged.filter((line) => line.startsWith("prompt.lost"))).toEqual([]);
});

test("the progress of a prompt that an earlier server sent is seen again", async () => {
  const { backend, host, services } = bench("ok", 3);
  const { url, instance } = await services.use("comfyui");
  const client = new ComfyClient(url);
  const [promptId, clientId] = [crypto.randomUUID(), crypto.randomUUID()];
  const chosen = chooseFiles("flux-dev", await client.nodeClasses(requiredClasses));
  if (!chosen.ok) throw new Error(chosen.failure.why);
  const graph = fluxGraph({ ...job(), files: chosen.files, weights: "default", loras: [], seed: 1, filenamePrefix: `isengard/${host.jobId}/0` });
  expect((await client.post({ promptId, clientId, graph, extraData: { preview_method: "latent2rgb" } })).kind).toBe("accepted");
  host.remember("prompt:0", `${promptId} ${instance} ${clientId}`);
  expect(await backend.generate(job(), host)).toEqual({ kind: "succeeded" });
  expect(host.seen.filter(({ step }) => step > 0 && step < 20).length).toBeGreaterThan(3);
  expect(host.previews.length).toBeGreaterThan(0);
  expect(host.logged).toEqual([]);
  expect(host.job.doubled).toBe(0);
});

test("on a card of 24 GB FLUX.1 in 16 bits is drawn with 8-bit weights", async () => {
  const { backend, host, services } = bench("ok", 50);
  const { url } = await services.use("comfyui");
  expect(await backend.generate(job(), host)).toEqual({ kind: "succeeded" });
  const history = JSON.stringify(await (await fetch(`${url}/history`)).json());
  expect(history).toContain('"unet_name":"flux1-dev.safetensors","weight_dtype":"fp8_e4m3fn"');
});

test("giving memory back works while it runs and is no error when it does not", async () => {
  const { backend, services } = bench("ok");
  const { url } = await services.use("comfyui");
  await backend.releaseMemory(url);
  await services.crash("comfyui");
  await backend.releaseMemory(url);
});
