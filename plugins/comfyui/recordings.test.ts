import { describe, expect, test } from "bun:test";
import { parseBinaryFrame, parseTextFrame, type ComfyEvent } from "./protocol/events.ts";
import { runtimeFailure, refusalFailure } from "./failures/failures.ts";
import { readFixture, readRecording, type RecordedLine } from "./fixtures/recording.ts";
import { parseHistory, parseQueue, type PromptEnd } from "./protocol/history.ts";
import { recordOf, textOf } from "./protocol/json.ts";
import { choicesOf, parseObjectInfo } from "./protocol/object-info.ts";
import { requiredClasses } from "./recipes/graph.ts";

const versions = ["0.33.0", "0.3.64"] as const;

function eventsOf(lines: readonly RecordedLine[]): ComfyEvent[] {
  return lines.filter(({ kind }) => kind === "ws-in").map(({ json, bytes }) => bytes ? parseBinaryFrame(bytes) : parseTextFrame(JSON.stringify(json)));
}

/** The answers to `/history/{id}`, which follow their requests directly. */
function endsOf(lines: readonly RecordedLine[]): PromptEnd[] {
  const http = lines.filter(({ kind }) => kind.startsWith("http"));
  return http.flatMap(({ path }, index) => {
    const id = path.split("/history/")[1];
    const end = id ? parseHistory(http[index + 1]?.json, id) : null;
    return end ? [end] : [];
  });
}

describe.each(versions)("recordings of ComfyUI %s", (version) => {
  test("no event is unknown to the parser", () => {
    for (const name of ["save-then-cached", "interrupted", "refused-and-partly-refused", "fails-while-running", "progress-inside-a-node"]) {
      expect(eventsOf(readRecording(version, name)).filter(({ kind }) => kind === "unknown")).toEqual([]);
    }
  });

  test("a saved picture and its cached repetition both succeed and name the same file", () => {
    const ends = endsOf(readRecording(version, "save-then-cached"));
    expect(ends).toHaveLength(2);
    expect(ends.map(({ kind }) => kind)).toEqual(["succeeded", "succeeded"]);
    expect(ends[1]?.files).toEqual(ends[0]?.files ?? []);
    expect(ends[0]?.files[0]).toMatchObject({ subfolder: "isengard", type: "output" });
  });

  test("the cached repetition is told by execution_cached with all nodes", () => {
    const cached = eventsOf(readRecording(version, "save-then-cached")).filter((event) => event.kind === "cached");
    expect(cached.map(({ nodes }) => [...nodes].sort())).toEqual([[], ["1", "2"]]);
  });

  test("an interrupted prompt ends as interrupted, not as failed", () => {
    expect(endsOf(readRecording(version, "interrupted")).map(({ kind }) => kind)).toEqual(["interrupted"]);
  });

  test("a failure while running becomes a sentence without paths, inputs or traceback", () => {
    const [end] = endsOf(readRecording(version, "fails-while-running"));
    if (end?.kind !== "failed") throw new Error("The recording has no failure.");
    const words = JSON.stringify(runtimeFailure(end.error));
    expect(words).toContain(`"code":"config"`);
    expect(words).not.toMatch(/traceback|\/comfy|output_dir|filename_prefix/i);
  });

  test("each refusal names the reason and never the value that was sent", () => {
    const lines = readRecording(version, "refused-and-partly-refused").filter(({ kind }) => kind === "http-in");
    const refusals = lines.filter(({ status }) => status === 400).map(({ json }) => refusalFailure(json).why);
    expect(refusals).toHaveLength(4);
    expect(refusals[0]).toBe("This ComfyUI does not know the step NoSuchNode.");
    expect(refusals[1]).toContain("CheckpointLoaderSimple: the file or choice for ckpt_name is not there");
    expect(refusals[2]).toBe("ComfyUI refused the request without saying why.");
    expect(refusals[3]).toContain("EmptyImage: width is too small");
    expect(refusals.join()).not.toContain("nope.safetensors");
    const partly = lines.find(({ status, json }) => status === 200 && Object.keys(recordOf(recordOf(json)["node_errors"])).length > 0);
    expect(refusalFailure(partly?.json).why).toContain("LoadImage: image was refused");
  });

  test("progress inside a node rises and reaches its maximum", () => {
    const progress = eventsOf(readRecording(version, "progress-inside-a-node")).filter((event) => event.kind === "progress" && event.node === "3");
    const values = progress.flatMap((event) => event.kind === "progress" ? [event.value] : []);
    expect(values.length).toBeGreaterThan(0);
    expect(values).toEqual(values.toSorted((left, right) => left - right));
    const last = progress.at(-1);
    expect(last?.kind === "progress" && last.value === last.max).toBe(true);
  });

  test("both shapes of a list of choices are read", () => {
    const classes = parseObjectInfo(readFixture(version, "object-info.json"));
    expect(requiredClasses.filter((name) => !classes.has(name))).toEqual([]);
    expect(choicesOf(classes, "KSampler", "sampler_name")).toContain("euler");
    expect(choicesOf(classes, "KSamplerSelect", "sampler_name")).toContain("euler");
    expect(choicesOf(classes, "BasicScheduler", "scheduler")).toContain("simple");
    expect(choicesOf(classes, "LoraLoaderModelOnly", "lora_name")).toContain("sub/tiny_flux_lora.safetensors");
    expect(classes.get("SaveImage")?.isOutput).toBe(true);
  });
});

test("previews with metadata carry their prompt id and the picture", () => {
  const lines = readRecording("0.33.0", "flux-with-lora-and-previews");
  const posted = lines.find(({ kind, method }) => kind === "http-out" && method === "POST");
  const previews = eventsOf(lines).filter((event) => event.kind === "preview");
  expect(previews).toHaveLength(6);
  for (const preview of previews) {
    expect(preview.promptId).toBe(textOf(recordOf(posted?.json)["prompt_id"]));
    expect(preview.mediaType).toBe("image/jpeg");
  }
});

test("the queue is read with running and waiting prompts apart", () => {
  const lines = readRecording("0.33.0", "queue-of-three-one-deleted").filter(({ kind }) => kind === "http-in");
  const queue = lines.map(({ json }) => parseQueue(json)).find(({ running }) => running.length > 0);
  expect(queue).toEqual({ running: ["5a964fc2-bdac-4c36-88e1-1d7b3825cca8"], pending: ["9deece64-9e61-405d-83aa-d57dabb573e7"] });
});

test("a prompt that was deleted while it waited has no history", () => {
  expect(parseHistory({}, "661604b1-33ee-4609-ba03-67f1bd1d6215")).toBeNull();
});

test("garbage frames are unknown events and nothing worse", () => {
  for (const text of ["", "{", "null", "[]", "{\"type\":7}", "{\"type\":\"progress\",\"data\":null}", "{\"type\":\"progress_state\",\"data\":{\"nodes\":[1]}}"]) {
    expect(() => parseTextFrame(text)).not.toThrow();
  }
  for (const bytes of [[], [0, 0, 0, 4], [0, 0, 0, 4, 255, 255, 255, 255, 1], [0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3], [0, 0, 0, 99, 0, 0, 0, 0]]) {
    expect(parseBinaryFrame(Uint8Array.from(bytes)).kind).toBe("unknown");
  }
});
