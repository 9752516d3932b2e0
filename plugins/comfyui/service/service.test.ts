import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../server/testing/folder.ts";
import type { PluginSettings } from "../../plugin.ts";
import { chosenArguments, parseHelp, startOptions } from "./flags.ts";
import { comfyService, pythonFor } from "./service.ts";
import { foundVersion, setupChecks } from "../setup.ts";
import { isOlder } from "./version.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

function settings(given: Partial<PluginSettings>): PluginSettings {
  return {
    mode: "production", self: ["/bin/isengard"], aiToolkit: { dir: null, python: null }, comfyui: { dir: null, python: null, url: null },
    lorasDir: join(folder.path, "loras"), modelsDir: "/nowhere", baseModel: null, hfTokenFile: null, simulator: { scenario: "hang", speed: 3 }, ...given,
  };
}

/** A checkout whose interpreter is a shell script that answers `--help` with these options. */
function checkout(name: string, help: string): { dir: string; python: string } {
  const dir = join(folder.path, name);
  mkdirSync(join(dir, "comfy"), { recursive: true });
  writeFileSync(join(dir, "main.py"), "");
  writeFileSync(join(dir, "comfy", "cli_args.py"), "");
  writeFileSync(join(dir, "comfyui_version.py"), "__version__ = \"0.3.64\"\n");
  const python = join(dir, "python");
  writeFileSync(python, `#!/bin/sh\ncat <<'EOF'\n${help}\nEOF\n`, { mode: 0o755 });
  return { dir, python };
}

describe("the command", () => {
  test("P4: runs on loopback, on the given port, with folders of its own and our LoRAs", async () => {
    const { dir, python } = checkout("full", "--listen --port --preview-method --output-directory --database-url --disable-api-nodes --disable-auto-launch");
    const place = { dir: join(folder.path, "place"), port: 4711 };
    const command = await comfyService(settings({ comfyui: { dir, python, url: null } })).command(place);
    expect(command.file).toBe(python);
    expect(command.cwd).toBe(dir);
    const line = command.args.join(" ");
    expect(line).toStartWith("-u main.py --listen 127.0.0.1 --port 4711 ");
    expect(line).toContain(`--temp-directory ${place.dir}/run-4711`);
    expect(line).toContain("--preview-method latent2rgb");
    expect(line).not.toContain("cors");
    expect(Bun.YAML.parse(await Bun.file(join(place.dir, "isengard_models.yaml")).text())).toEqual({ isengard: { loras: join(folder.path, "loras") } });
    expect(command.stop.map(({ signal }) => signal)).toEqual(["SIGINT", "SIGTERM", "SIGKILL"]);
  });

  test("takes away the temp folders of earlier starts, and nothing else", async () => {
    const place = { dir: join(folder.path, "many-starts"), port: 4713 };
    for (const name of ["run-4711/temp", "run-4712", "run-4713", "run-of-mine", "output"]) mkdirSync(join(place.dir, name), { recursive: true });
    await comfyService(settings({ mode: "fast-test" })).command(place);
    expect(readdirSync(place.dir).sort()).toEqual(["input", "isengard_models.yaml", "output", "run-4713", "run-of-mine", "user"]);
  });

  test("leaves out what this version does not know, but never what keeps it safe", async () => {
    const { dir, python } = checkout("old", "--listen --port --output-directory");
    const command = await comfyService(settings({ comfyui: { dir, python, url: null } })).command({ dir: join(folder.path, "old-place"), port: 1 });
    expect(command.args).not.toContain("--disable-api-nodes");
    expect(command.args).toContain("--listen");
    expect(command.args).toContain("--temp-directory");
  });

  test("passes everything when the version does not say what it knows", () => {
    expect(startOptions("/d", 1, "/d/y", true).filter(({ flag }) => flag === "--cpu")).toEqual([{ flag: "--cpu", needed: true }]);
    const options = startOptions("/d", 1, "/d/y");
    expect(chosenArguments(options, null)).toContain("--disable-api-nodes");
    expect(parseHelp("usage: main.py [-h] [--listen [IP]] [--cache-lru N]")).toEqual(new Set(["--listen", "--cache-lru"]));
  });

  test("in fast-test the simulator gets the same options, the scenario and the speed", async () => {
    const command = await comfyService(settings({ mode: "fast-test" })).command({ dir: join(folder.path, "sim-place"), port: 4712 });
    expect([command.file, ...command.args.slice(0, 4)]).toEqual(["/bin/isengard", "simulate", "comfyui", "--listen", "127.0.0.1"]);
    expect(command.env).toEqual({ ISENGARD_SIM_SPEED: "3", ISENGARD_SIM_SCENARIO: "hang" });
  });
});

describe("what is configured", () => {
  test("without a folder it says what to set; with a wrong one it names it", () => {
    expect(comfyService(settings({})).unavailable()).toContain("COMFYUI_URL");
    expect(comfyService(settings({ comfyui: { dir: "/nowhere", python: null, url: null } })).unavailable()).toContain("/nowhere");
    expect(comfyService(settings({ mode: "fast-test" })).unavailable()).toBeNull();
    expect(comfyService(settings({ comfyui: { dir: null, python: null, url: "http://10.0.0.2:8188" } })).unavailable()).toBeNull();
  });

  test("the interpreter of the usual environments is found", () => {
    const dir = join(folder.path, "with-venv");
    mkdirSync(join(dir, "venv", "bin"), { recursive: true });
    writeFileSync(join(dir, "venv", "bin", "python"), "");
    expect(pythonFor(dir, null)).toBe(join(dir, "venv", "bin", "python"));
    expect(pythonFor(dir, "/opt/python")).toBe("/opt/python");
    expect(pythonFor("/nowhere", null)).toBe("python3");
  });

  test("checks tell version, interpreter and models with a fix for each fault", async () => {
    const { dir, python } = checkout("checked", "2.9.0");
    const checks = await setupChecks(settings({ comfyui: { dir, python, url: null } }));
    expect(checks.map(({ id, state }) => [id, state])).toEqual([["comfyui", "warning"], ["comfyui-python", "ok"], ["comfyui-models", "warning"]]);
    expect(checks.filter(({ state }) => state !== "ok").every(({ fix }) => fix !== "")).toBe(true);
    const models = join(dir, "models", "checkpoints"), file = join(models, "flux1-dev-fp8.safetensors");
    mkdirSync(models, { recursive: true });
    const modelState = async () => (await setupChecks(settings({ comfyui: { dir, python, url: null } })))[2]?.state;
    writeFileSync(file, "");
    expect(await modelState()).toBe("warning");
    writeFileSync(file, "weights");
    expect(await modelState()).toBe("ok");
    rmSync(models, { recursive: true });
    const put = (...parts: string[]) => {
      mkdirSync(join(dir, ...parts.slice(0, -1)), { recursive: true });
      writeFileSync(join(dir, ...parts), "weights");
    };
    const model = async () => (await setupChecks(settings({ comfyui: { dir, python, url: null } })))[2]!;
    put("models", "unet", "flux", "deep", "flux1-dev.safetensors");
    expect((await model()).detail).toMatch(/Missing: clip_l\.safetensors.*t5xxl.*ae\.safetensors/);
    put("models", "clip", "clip_l.safetensors");
    put("shared", "encoders", "google_t5-v1_1-xxl_encoderonly-fp8_e4m3fn.safetensors");
    writeFileSync(join(dir, "extra_model_paths.yaml"), `mine:\n  base_path: ${join(dir, "shared")}\n  text_encoders: |\n    nowhere\n    encoders\n`);
    const nearly = await model();
    expect(nearly.state).toBe("warning");
    expect(nearly.detail).toMatch(/Missing: ae\.safetensors in models\/vae/);
    expect(nearly.detail).not.toContain("t5xxl");
    put("elsewhere", "flux-vae-bf16.safetensors");
    mkdirSync(join(dir, "models", "vae"), { recursive: true });
    symlinkSync(join(dir, "elsewhere"), join(dir, "models", "vae", "linked"));
    expect(await modelState()).toBe("ok");
    const [missing] = await setupChecks(settings({}));
    expect(missing?.state).toBe("error");
    const [unreachable] = await setupChecks(settings({ comfyui: { dir: null, python: null, url: "http://127.0.0.1:1" } }));
    expect(unreachable).toMatchObject({ state: "error", detail: "ComfyUI does not answer: nothing listens at its address." });
  });

  test("one that runs elsewhere is asked for its version and its models", async () => {
    const classes = JSON.parse(readFileSync(join(import.meta.dir, "../fixtures/0.3.64/object-info.json"), "utf8")) as Record<string, { input: { required: Record<string, unknown[]> } }>;
    const files: Record<string, string[]> = { unet_name: ["flux1-dev.safetensors"], clip_name1: ["clip_l.safetensors"], clip_name2: ["t5xxl_fp16.safetensors"], vae_name: [], ckpt_name: [] };
    using server = Bun.serve({
      hostname: "127.0.0.1", port: 0,
      fetch: (request) => {
        const name = new URL(request.url).pathname.replace("/object_info/", "");
        const info = structuredClone(classes[name]);
        if (info === undefined) return Response.json({ system: { comfyui_version: "0.3.64", argv: [] } });
        for (const [input, choices] of Object.entries(files)) if (input in info.input.required) info.input.required[input] = [choices];
        return Response.json({ [name]: info });
      },
    });
    const given = settings({ comfyui: { dir: null, python: null, url: `http://127.0.0.1:${server.port}` } });
    expect(foundVersion(given)).toBeNull();
    const asked = async () => (await setupChecks(given)).find(({ id }) => id === "comfyui-models");
    expect(await asked()).toMatchObject({ state: "warning", detail: expect.stringMatching(/Missing: ae\.safetensors in models\/vae/) });
    expect(foundVersion(given)).toBe("0.3.64");
    files["vae_name"] = ["ae.safetensors"];
    expect(await asked()).toMatchObject({ state: "ok", detail: expect.stringContaining("flux1-dev.safetensors") });
  });

  test("the version of the folder is found, and none is made up", () => {
    const { dir, python } = checkout("versioned", "");
    expect(foundVersion(settings({ comfyui: { dir, python, url: null } }))).toBe("0.3.64");
    expect(foundVersion(settings({ comfyui: { dir: folder.path, python, url: null } }))).toBeNull();
    expect(foundVersion(settings({ mode: "fast-test", comfyui: { dir, python, url: null } }))).toBeNull();
  });

  test("versions are compared by number", () => {
    expect(isOlder("0.3.64", "0.28.0")).toBe(true);
    expect(isOlder("0.33.0", "0.28.0")).toBe(false);
    expect(isOlder("0.3.57", "0.3.57")).toBe(false);
  });
});

describe("readiness", () => {
  const place = { dir: "/data/comfyui", port: 4713 };
  const answering = (body: unknown) => Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => Response.json(body) });

  test("P4, F36: another program on the port is not taken for ours", async () => {
    const service = comfyService(settings({}));
    for (const [body, why] of [
      [{ hello: "world" }, "What answers there is not ComfyUI."],
      [{ system: { comfyui_version: "0.33.0", argv: ["main.py", "--port", "4713", "--output-directory", "/other/output"] } }, "Another ComfyUI answers on this port."],
      [{ system: { comfyui_version: "0.33.0", argv: ["main.py", "--port", "8188", "--output-directory", "/data/comfyui/output"] } }, "Another ComfyUI answers on this port."],
    ] as const) {
      const server = answering(body);
      expect(await service.probe(`http://127.0.0.1:${server.port}`, place)).toEqual({ ready: false, why });
      await server.stop(true);
    }
  });

  test("P5, F35: ours without the node classes is not ready, and they are named", async () => {
    const server = answering({ system: { comfyui_version: "0.33.0", argv: ["main.py", "--port", "4713", "--output-directory", "/data/comfyui/output"] } });
    const result = await comfyService(settings({})).probe(`http://127.0.0.1:${server.port}`, place);
    expect(result.ready === false && result.why).toContain("KSampler");
    await server.stop(true);
  });

  test("P5: ours is ready only once its live connection opens too", async () => {
    const classes = JSON.parse(readFileSync(join(import.meta.dir, "../fixtures/0.33.0/object-info.json"), "utf8")) as Record<string, unknown>;
    let opens = false;
    const system = { comfyui_version: "0.33.0", argv: ["main.py", "--port", "4713", "--output-directory", "/data/comfyui/output"] };
    const server = Bun.serve({
      hostname: "127.0.0.1", port: 0, websocket: { message: () => {} },
      fetch: (request, self) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/ws") return opens && self.upgrade(request) ? undefined : new Response(null, { status: 403 });
        const name = pathname.replace("/object_info/", "");
        return Response.json(name === pathname ? { system } : { [name]: classes[name] });
      },
    });
    const probe = () => comfyService(settings({})).probe(`http://127.0.0.1:${server.port}`, place);
    expect(await probe()).toEqual({ ready: false, why: "ComfyUI answers, but its WebSocket does not open." });
    opens = true;
    expect(await probe()).toEqual({ ready: true, version: "0.33.0" });
    await server.stop(true);
  });

  test("P5: nobody there is a reason and not an exception", async () => {
    const result = await comfyService(settings({})).probe("http://127.0.0.1:1", place);
    expect(result.ready === false && result.why).toContain("does not answer");
  });
});
