import { describe, expect, test } from "bun:test";
import { explainExit, refusalFailure, runtimeFailure } from "./failures.ts";

describe("runtime errors", () => {
  const cases = [
    ["torch.OutOfMemoryError", "Allocation on device", "vram"],
    ["RuntimeError", "x\nThis error means you ran out of memory on your GPU.", "vram"],
    ["safetensors_rust.SafetensorError", "Error while deserializing header: header too small", "corrupt_model"],
    ["RuntimeError", "Error(s) in loading state_dict for Flux: size mismatch for img_in.weight", "model_mismatch"],
    ["RuntimeError", "mat1 and mat2 shapes cannot be multiplied (77x768 and 4096x3072)", "model_mismatch"],
    ["RuntimeError", "ERROR: Could not detect model type of: /m/x.safetensors", "model_mismatch"],
    ["OSError", "[Errno 28] No space left on device", "disk_full"],
    ["PIL.UnidentifiedImageError", "cannot identify image file", "bad_picture"],
    ["RuntimeError", "CUDA error: device-side assert triggered", "gpu_fault"],
    ["KeyError", "'x'", "unknown"],
  ] as const;

  test.each(cases)("%s: %s is %s", (exceptionType, message, code) => {
    expect(runtimeFailure({ nodeType: "KSampler", exceptionType, message }).code).toBe(code);
  });

  test("the damaged file is named", () => {
    const failed = runtimeFailure({ nodeType: "VAELoader", exceptionType: "SafetensorError", message: "header too small" }, ["ae.safetensors"]);
    expect(failed.why).toContain("ae.safetensors");
  });

  test("what the tool says is not repeated word by word", () => {
    const failed = runtimeFailure({ nodeType: "<b>x", exceptionType: "evil type", message: "my secret prompt in /home/me" });
    expect(JSON.stringify(failed)).not.toMatch(/secret|home|<b>|evil/);
  });
});

test.each([[null], [{}], [{ error: 7, node_errors: [] }], [{ node_errors: { 1: { errors: [{}] } } }]])("a strange refusal %j is still a sentence", (answer) => {
  expect(refusalFailure(answer).why).toMatch(/^ComfyUI refused the request.*\.$/);
});

describe("exits", () => {
  const exit = (code: number, ...tail: string[]) => explainExit({ kind: "exited", code, stopped: false }, tail);

  test("each documented end has its own sentence", () => {
    expect(exit(1, "OSError: [Errno 98] error while attempting to bind on address ('127.0.0.1', 8188): address already in use")).toContain("port");
    expect(exit(1, "database is locked")).toContain("same database");
    expect(exit(2, "main.py: error: unrecognized arguments: --x")).toContain("does not know one of the options");
    expect(exit(1, "ModuleNotFoundError: No module named 'torch'")).toContain("requirements.txt");
    expect(exit(137)).toContain("ran out of memory");
    expect(explainExit({ kind: "signalled", signal: "SIGKILL", stopped: false }, [])).toContain("ran out of memory");
    expect(explainExit({ kind: "signalled", signal: "SIGABRT", stopped: false }, [])).toContain("SIGABRT");
    expect(explainExit({ kind: "not-started", why: "no such file" }, [])).toContain("no such file");
    expect(explainExit({ kind: "exited", code: 0, stopped: true }, [])).toBe("ComfyUI was stopped.");
    expect(exit(7, "nothing known")).toContain("exit code 7");
  });

  test("a killed ComfyUI is not explained by the lines of its ordinary start", () => {
    const start = ["[INFO] comfyui-frontend-package version: 1.49.6", "ImportError: optional package of a node"];
    expect(explainExit({ kind: "signalled", signal: "SIGKILL", stopped: false }, start)).toContain("killed by the system");
    expect(exit(3, ...start, "RuntimeError: other")).toBe("ComfyUI ended with exit code 3. It said: RuntimeError: other");
    expect(exit(1, "comfyui-frontend-package is not installed.")).toContain("page package is missing");
  });

  test("an end that no rule knows is told with the exception's own words, without colours and not at any length", () => {
    const raised = "RuntimeError: PyTorch and TorchAudio were compiled with different CUDA versions.";
    expect(exit(1, "Traceback (most recent call last):", '  File "main.py", line 278', `\u001b[31m${raised}\u001b[0m`, ""))
      .toBe(`ComfyUI ended with exit code 1. It said: ${raised}`);
    expect(exit(1, `torch.cuda.SomeError: ${"x".repeat(5000)}`).length).toBeLessThan(400);
    expect(exit(1, "ModuleNotFoundError: No module named 'torchsde'")).toContain("No module named 'torchsde'");
  });
});
