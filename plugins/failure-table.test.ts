import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Failure } from "../server/contract/job.ts";
import { ruleFor } from "../server/jobs/failures/policy.ts";
import { Divergence } from "./ai-toolkit/watch/divergence.ts";
import { diagnose } from "./ai-toolkit/ends/failures.ts";
import { decide, type Evidence } from "./ai-toolkit/ends/outcome.ts";
import { replay } from "./ai-toolkit/testing-replay.ts";
import { explainExit } from "./comfyui/failures/exit.ts";
import { engineFailure, missingClasses, refusalFailure, runtimeFailure } from "./comfyui/failures/failures.ts";
import { readRecording } from "./comfyui/fixtures/recording.ts";
import { parseHistory } from "./comfyui/protocol/history.ts";
import { countUnplaced } from "./comfyui/generation/lora.ts";
import { recordOf } from "./comfyui/protocol/json.ts";
import type { ExitOutcome } from "./plugin.ts";

/** `bun test plugins/failure-table.test.ts` with UPDATE=1 writes it anew; it is read like code. */
const goldenFile = join(import.meta.dir, "failure-table.golden.txt");
const trainerFixtures = join(import.meta.dir, "ai-toolkit", "fixtures");

/** The classes of the contract's table 2.6, beside success. */
const classes = [
  "cancelled", "ended_without_result", "hf_auth", "hf_gated", "hf_missing", "network", "disk_full", "vram", "host_oom", "killed", "interrupted",
  "native_crash", "gpu_fault", "diverged", "corrupt_model", "port", "install", "unknown",
];

interface Row { readonly source: string; readonly from: string; readonly failure: Failure | null; readonly code: string }

const signal = (name: string, outOfMemory?: string): ExitOutcome => ({ kind: "signalled", signal: name, stopped: false, ...(outOfMemory === undefined ? {} : { outOfMemory }) });
const exited = (code: number): ExitOutcome => ({ kind: "exited", code, stopped: false });

/** How the recorded programs ended: from the recordings' README, exit code 1 where it names none. */
const recordedEnds: Readonly<Record<string, ExitOutcome>> = {
  "stop-sigint.log": exited(0), "stop-ctrl-c.log": exited(0), "database-sigint.log": exited(0), "stop-sigterm.log": signal("SIGTERM"), "stop-sighup.log": signal("SIGHUP"),
};
const whole = /^(?:flux-ok.*|sd15-ok|resume.*|loss-nan|corrupt-image)\.log$/;

function trained(source: string, evidence: Partial<Evidence>): Row {
  const { outcome } = decide({ exit: exited(1), stopWanted: false, steps: 20, lines: [], tail: [], final: { complete: false, why: "It cannot be opened." }, ...evidence });
  const failure = outcome.kind === "failed" ? outcome.failure : null;
  return { source, from: "AI-Toolkit", failure, code: failure?.code ?? (outcome.kind === "stopped" ? "cancelled" : outcome.kind) };
}

const drew = (source: string, failure: Failure): Row => ({ source, from: "ComfyUI", failure, code: failure.code });

function trainingRecordings(): Row[] {
  const names = readdirSync(trainerFixtures).filter((name) => name.endsWith(".log") && !whole.test(name)).sort();
  return names.map((name) => {
    const { lines, tail } = replay(readFileSync(join(trainerFixtures, name)), "sigtest", 20);
    return trained(name, { exit: recordedEnds[name] ?? exited(1), lines, tail });
  });
}

function pictureRecordings(version: "0.33.0" | "0.3.64"): Row[] {
  const failing = readRecording(version, "fails-while-running").filter(({ kind }) => kind.startsWith("http"));
  const ends = failing.flatMap(({ path }, index) => {
    const end = parseHistory(failing[index + 1]?.json, path.split("/history/")[1] ?? "");
    return end?.kind === "failed" ? [drew(`${version}/fails-while-running`, runtimeFailure(end.error))] : [];
  });
  const refused = readRecording(version, "refused-and-partly-refused")
    .filter(({ kind, status, json }) => kind === "http-in" && (status === 400 || Object.keys(recordOf(recordOf(json)["node_errors"])).length > 0))
    .map(({ json }, index) => drew(`${version}/refused-and-partly-refused ${index + 1}`, refusalFailure(json)));
  return [...ends, ...refused];
}

const said = (source: string, line: string, exit: ExitOutcome = exited(1)) => trained(source, { exit, lines: [line], tail: [line] });
const raised = (source: string, message: string) => drew(source, runtimeFailure({ nodeType: "KSampler", exceptionType: "RuntimeError", message }));

function unrecorded(): Row[] {
  const diverged = new Divergence("stop", () => undefined);
  diverged.points(Array.from({ length: 20 }, (_, step) => [step, 0] as const));
  return [
    trained("our stop", { exit: { kind: "exited", code: 0, stopped: true }, stopWanted: true }),
    trained("exit 0, no LoRA", { exit: exited(0) }),
    trained("SIGKILL", { exit: signal("SIGKILL") }), trained("SIGKILL, the kernel's counter rose", { exit: signal("SIGKILL", "The kernel counted it.") }),
    trained("137", { exit: exited(137) }), trained("139", { exit: exited(139) }), trained("SIGABRT", { exit: signal("SIGABRT") }),
    trained("holder gone", { exit: { kind: "lost", why: "The machine was restarted.", stopped: false } }),
    trained("loss zero for 20 steps, to be stopped", { exit: exited(0), diverged: diverged.failure }),
    said("401", "RepositoryNotFoundError: 401 Client Error."), said("403", "GatedRepoError: 403 Client Error. Cannot access gated repo"),
    said("404", "EntryNotFoundError: 404 Client Error."), said("503", "503 Server Error: Service Unavailable"), said("half a body", "IncompleteRead(1 bytes read)"),
    said("OOM three times", "Error running job: OOM during training step 3 times in a row, aborting training"),
    said("device-side assert", "CUDA error: device-side assert triggered"), said("no GPU", "RuntimeError: No CUDA GPUs are available"), said("Xid", "NVRM: Xid (PCI:0000:01:00): 79"),
    said("nothing known", "ZeroDivisionError: division by zero"),
    raised("CUDA out of memory", "CUDA out of memory. Tried to allocate 2 GiB"), raised("GPU is lost", "GPU is lost. Reboot the system"),
    raised("half a model file", "Error while deserializing header: HeaderTooLarge"), raised("a node wants to download", "Max retries exceeded with url"), raised("a node without network", "Cannot send a request, as the client has been closed."),
    drew("node missing", missingClasses(["UnetLoaderGGUF"])), drew("gave up", engineFailure("It ended 5 times within ten minutes.", null, false)),
    drew("attached gone", engineFailure("ComfyUI at http://gpu:8188 cannot be used now. ComfyUI does not answer: nothing listens at its address.", null, true)),
    drew("died in a prompt: SIGKILL", explainExit(signal("SIGKILL"), [])), drew("died in a prompt: counter rose", explainExit(signal("SIGKILL", "The kernel counted it."), [])),
    drew("died in a prompt: SIGSEGV", explainExit(signal("SIGSEGV"), [])), drew("died in a prompt: SIGTERM", explainExit(signal("SIGTERM"), [])),
    drew("port taken", explainExit(exited(1), ["OSError: [Errno 98] address already in use"])), drew("package missing", explainExit(exited(1), ["ModuleNotFoundError: No module named 'torch'"])),
  ];
}

/** What the pinned libraries print: huggingface_hub 1.23, httpx 0.28, diffusers 0.42, transformers 5.5, torch 2.13, hf_xet. */
const url = "https://huggingface.co/black-forest-labs/FLUX.1-dev/resolve/main/transformer/config.json";
const wordings: ReadonlyArray<readonly [code: string, ...lines: string[]]> = [
  ["hf_auth", "OSError: There was a specific connection error when trying to load black-forest-labs/FLUX.1-dev:", `Client error '401 Unauthorized' for url '${url}' (Request ID: Root=1)`, "Invalid credentials in Authorization header"],
  ["hf_auth", `huggingface_hub.errors.HfHubHTTPError: (Request ID: Root=1)`, "403 Forbidden: Please enable access to public gated repositories in your fine-grained token settings to view this repository..",
    "huggingface_hub.errors.LocalEntryNotFoundError: An error happened while trying to locate the file on the Hub"],
  ["hf_auth", "huggingface_hub.errors.LocalTokenNotFoundError: Token is required (`token=True`), but no token found."],
  ["hf_auth", "OSError: a/b is not a local folder and is not a valid model identifier listed on 'https://huggingface.co/models'"],
  ["hf_gated", "OSError: You are trying to access a gated repo.", "Make sure to have access to it at https://huggingface.co/black-forest-labs/FLUX.1-dev."],
  ["network", "RuntimeError: Cannot send a request, as the client has been closed."],
  ["network", "httpx.ConnectError: [Errno -2] Name or service not known"], ["network", "httpx.ConnectTimeout: _ssl.c:993: The handshake operation timed out"],
  ["network", "httpx.ReadTimeout: The read operation timed out"], ["network", "httpx.ConnectError: [Errno 101] Network is unreachable"],
  ["network", `OSError: There was a specific connection error when trying to load a/b:`, `Server error '503 Service Unavailable' for url '${url}'`],
  ["network", "httpx.RemoteProtocolError: Server disconnected without sending a response."], ["network", "429 Too Many Requests: you have reached your 'api' rate limit."],
  ["network", "RuntimeError: Data processing error: CAS service error : Reqwest Error: error sending request"],
  ["network", "httpx.ConnectError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"],
  ["hf_missing", "HFValidationError: Repo id must be in the form 'repo_name' or 'namespace/repo_name': '/models/flux1-dev.safetensors'. Use `repo_type` argument if needed.",
    "OSError: We couldn't connect to 'https://huggingface.co' to load this model, couldn't find it in the cached files"],
  ["hf_missing", "OfflineModeIsEnabled: Cannot reach https://huggingface.co/api: offline mode is enabled.", "LocalEntryNotFoundError: Cannot find the requested files in the disk cache and outgoing traffic has been disabled."],
  ["hf_missing", `Client error '404 Not Found' for url '${url}'`], ["hf_missing", "OSError: Error no file named diffusion_pytorch_model.bin found in directory /m/vae."],
  ["hf_missing", "OSError: main2 is not a valid git identifier (branch name, tag name or commit id) that exists for this model name."],
  ["vram", "torch.AcceleratorError: CUDA error: out of memory"], ["vram", "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"],
  ["host_oom", "RuntimeError: [enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."],
  ["gpu_fault", "RuntimeError: CUDA unknown error - this may be due to an incorrectly set up environment"], ["gpu_fault", "CUDA error: CUDA-capable device(s) is/are busy or unavailable"],
  ["corrupt_model", "RuntimeError: PytorchStreamReader failed reading zip archive: failed finding central directory"],
  ["corrupt_model", "OSError: Unable to load weights from checkpoint file for '/m/vae/x.bin'"], ["corrupt_model", "OSError: It looks like the config file at '/m/config.json' is not a valid JSON file."],
  ["install", "AssertionError: Torch not compiled with CUDA enabled"], ["install", "RuntimeError: CUDA error: no kernel image is available for execution on the device"],
  ["config", '  File "/opt/ai-toolkit/toolkit/config.py", line 90, in get_config', "KeyError: 'name'"],
];
/** Words that look like a failure's and are none. */
const lookAlikes: ReadonlyArray<readonly string[]> = [
  ["KeyError: 'encoder_hidden_states'"], ['  File "/x/toolkit/config.py", line 9, in load', '  File "/x/torch/nn/modules/module.py", line 1, in forward', "KeyError: 'x'"],
  ["TypeError: forward() got an unexpected keyword argument 'cap'"], ['    "prompts": ["a poster that says CUDA out of memory, GatedRepoError, 401 Client Error"],'],
  ["ada_v3:  40%|####      | 401/1000 [00:10<00:20, 5.03it/s, lr: 1.0e-04 loss: 4.290e-01]"], ["a car with Xid 79 on its plate"],
];

test("each wording of the pinned libraries lands in its class, whatever it is wrapped in", () => {
  for (const [code, ...lines] of wordings) expect<object>({ lines, code: diagnose(["Error running job: it failed", ...lines], []).code }).toEqual({ lines, code });
});

test("words that only look like a failure's name no cause", () => {
  for (const lines of lookAlikes) expect({ lines, code: diagnose([...lines], []).code }).toEqual({ lines: [...lines], code: "unknown" });
});

function action({ code, failure }: Row): string {
  const rule = failure?.lasting === true || code === "cancelled" ? null : ruleFor(code);
  if (code === "cancelled") return "none";
  if (rule === null) return "fails, waits for a person";
  return rule.kind === "retry" ? `tried ${rule.retries + 1} times: ${rule.because}` : "waits until the disk has room";
}

const rows = [...trainingRecordings(), ...pictureRecordings("0.33.0"), ...pictureRecordings("0.3.64"), ...unrecorded()];

test("every recorded failure and every end of the table lands in its class, with what follows by itself", () => {
  const table = rows.map((row) => `${row.from.padEnd(11)}${row.source.padEnd(44)}${row.code.padEnd(22)}${action(row)}`).join("\n");
  if (process.env.UPDATE === "1" || !existsSync(goldenFile)) writeFileSync(goldenFile, `${table}\n`);
  expect(`${table}\n`).toBe(readFileSync(goldenFile, "utf8"));
});

test("each of them says what happened, why, and what to do, as sentences", () => {
  for (const { source, failure } of rows) {
    if (failure === null) continue;
    for (const sentence of [failure.what, failure.why, failure.fix]) expect(sentence, source).toMatch(/^[A-Z].*[.!?”]$/s);
  }
});

test("every class of the contract can come out of something", () => {
  const found = new Set(rows.map(({ code }) => code));
  expect(classes.filter((code) => !found.has(code))).toEqual([]);
});

test("a LoRA for another model makes a picture and a warning, not a failure", () => {
  const lines = readFileSync(join(import.meta.dir, "comfyui", "fixtures", "0.33.0", "stderr-lora-not-loaded.log"), "utf8").split("\n");
  expect(countUnplaced(lines)).toBeGreaterThan(0);
  expect(countUnplaced(["ERROR lora diffusion_model.double_blocks.0.img_mlp.0.weight shape '[9, 9]' is invalid for input of size 8"])).toBe(1);
});
