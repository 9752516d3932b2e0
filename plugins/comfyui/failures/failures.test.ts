import { describe, expect, test } from "bun:test";
import { engineFailure, refusalFailure, runtimeFailure } from "./failures.ts";

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
    ["RuntimeError", "CUDA error: an illegal memory access was encountered", "gpu_fault"],
    ["RuntimeError", "No CUDA GPUs are available", "gpu_fault"],
    ["requests.exceptions.ConnectionError", "HTTPSConnectionPool(host='huggingface.co', port=443): Max retries exceeded", "network"],
    ["huggingface_hub.errors.LocalEntryNotFoundError", "An error happened while trying to locate the file on the Hub", "network"],
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

test("an attached ComfyUI is not sent to a button or a log that Isengard has not got", () => {
  const gone = engineFailure("ComfyUI at http://10.0.0.2:8188 cannot be used now. Nothing listens at its address.", null, true);
  expect(gone).toMatchObject({ code: "engine", why: "ComfyUI at http://10.0.0.2:8188 cannot be used now. Nothing listens at its address." });
  expect(gone.fix).toMatch(/^Start that ComfyUI where it runs, or correct its address: .*--comfyui-url/);
  expect(gone.fix).not.toMatch(/Then|settings page|log/i);
  expect(engineFailure("It crashed.", null, false).fix).toBe("Start ComfyUI again in Settings.");
});
