import { describe, expect, test } from "bun:test";
import type { ExitOutcome } from "../../plugin.ts";
import { explainExit } from "./exit.ts";

const exit = (code: number, ...tail: string[]) => explainExit({ kind: "exited", code, stopped: false }, tail);
const killed = (signal: string, tail: string[] = [], outOfMemory?: string) =>
  explainExit({ kind: "signalled", signal, stopped: false, ...(outOfMemory === undefined ? {} : { outOfMemory }) }, tail);

describe("ComfyUI ended", () => {
  const cases: ReadonlyArray<readonly [said: string, code: string]> = [
    ["OSError: [Errno 98] error while attempting to bind on address ('127.0.0.1', 8188): address already in use", "port"],
    ["database is locked", "config"],
    ["main.py: error: unrecognized arguments: --x", "config"],
    ["comfyui-frontend-package is not installed.", "install"],
    ["ModuleNotFoundError: No module named 'torch'", "install"],
    ["OSError: [Errno 28] No space left on device", "disk_full"],
    ["AssertionError: Torch not compiled with CUDA enabled", "install"],
    ["RuntimeError: Found no NVIDIA driver on your system.", "gpu_fault"],
    ["RuntimeError: No CUDA GPUs are available", "gpu_fault"],
    ["RuntimeError: CUDA error: device-side assert triggered", "gpu_fault"],
    ["RuntimeError: GPU is lost. Reboot the system to recover this GPU", "gpu_fault"],
    ["torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.", "vram"],
    ["nothing known", "unknown"],
  ];
  test.each(cases)("saying “%s” is of the class %s, with what to do", (said, code) => {
    const failure = exit(1, said);
    expect<string>(failure.code).toBe(code);
    expect([failure.what, failure.why, failure.fix].filter((sentence) => !/\w.*\.$/.test(sentence))).toEqual([]);
  });

  test("F18, F20: by signals: killed, killed for want of memory, crashed, and ended from outside are four classes", () => {
    expect([killed("SIGKILL"), killed("SIGKILL", [], "No memory."), killed("SIGSEGV"), killed("SIGTERM")].map(({ code }) => code))
      .toEqual(["killed", "host_oom", "native_crash", "interrupted"]);
    expect([exit(137), exit(139), exit(134), exit(132), exit(135), exit(143)].map(({ code }) => code))
      .toEqual(["killed", "native_crash", "native_crash", "native_crash", "native_crash", "interrupted"]);
    const outOfMemory: ExitOutcome = { kind: "exited", code: 137, stopped: false, outOfMemory: "The kernel counted it." };
    expect(explainExit(outOfMemory, [])).toMatchObject({ code: "host_oom", why: "The kernel counted it." });
  });

  test("a crash right after the words of a broken card is laid to the card, not to a fault that was got over long before", () => {
    const fault = "terminate called after throwing an instance of 'c10::Error'  what():  CUDA error: an illegal memory access was encountered";
    expect(killed("SIGABRT", [fault, "frame #0: 0x7f"]).code).toBe("gpu_fault");
    expect(killed("SIGSEGV", ["torch.OutOfMemoryError: CUDA out of memory.", ...Array.from({ length: 20 }, () => "got prompt")]).code).toBe("native_crash");
  });

  test("a killed ComfyUI is not explained by the lines of its ordinary start", () => {
    const start = ["[INFO] comfyui-frontend-package version: 1.49.6", "ImportError: optional package of a node"];
    expect(killed("SIGKILL", start).code).toBe("killed");
    expect(exit(3, ...start, "RuntimeError: other")).toMatchObject({ code: "unknown", why: "ComfyUI ended with exit code 3. It said: “RuntimeError: other”." });
  });

  test("an end that no rule knows is told with the exception's own words, without colours and not at any length", () => {
    const raised = "RuntimeError: PyTorch and TorchAudio were compiled with different CUDA versions.";
    const failure = exit(1, "Traceback (most recent call last):", '  File "main.py", line 278', `\u001b[31m${raised}\u001b[0m`, "");
    expect(failure.why).toBe(`ComfyUI ended with exit code 1. It said: “${raised}”.`);
    expect(failure.tail).toContain(raised);
    expect(exit(1, `torch.cuda.SomeError: ${"x".repeat(5000)}`).why.length).toBeLessThan(400);
    expect(exit(1, "ModuleNotFoundError: No module named 'torchsde'").why).toContain("No module named 'torchsde'");
  });

  test("its last 30 lines go with it", () => {
    expect(exit(1, ...Array.from({ length: 80 }, (_, index) => `line ${index}`)).tail).toEqual(Array.from({ length: 30 }, (_, index) => `line ${index + 50}`));
  });

  test("not started and stopped as asked", () => {
    expect(explainExit({ kind: "not-started", why: "no such file" }, [])).toMatchObject({ code: "install", why: expect.stringContaining("no such file") });
    expect(explainExit({ kind: "exited", code: 0, stopped: true }, []).why).toBe("ComfyUI was stopped.");
  });
});
