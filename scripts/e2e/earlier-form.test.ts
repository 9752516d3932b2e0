import { afterAll, beforeAll, expect, test } from "bun:test";
import { earlierMediaType } from "../../server/api/v0/media-type.ts";
import { earlierRoutes } from "../../server/api/v0/routes.ts";
import { drawPicture } from "../../server/testing/pictures.ts";
import { startExecutable, type Started } from "../testing/executable.ts";

type Fields = Record<string, unknown>;

let server: Started;
const ids: Record<string, string> = {};
beforeAll(async () => void (server = await startExecutable()), 120_000);
afterAll(async () => server.dispose());

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; type: string; body: Fields; text: string }> {
  const isForm = body instanceof FormData;
  const answer = await server.api(path, {
    method, headers: { accept: earlierMediaType, ...(body === undefined || isForm ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  const type = answer.headers.get("content-type") ?? "";
  return { status: answer.status, type, text, body: type === earlierMediaType ? (JSON.parse(text) as Fields) : {} };
}

async function ended(path: string): Promise<Fields> {
  for (const end = performance.now() + 120_000; performance.now() < end; await Bun.sleep(100)) {
    const { body } = await ask("GET", path);
    if (["completed", "failed", "cancelled"].includes(String(body["status"]))) return body;
  }
  throw new Error(`${path} did not end`);
}

const characterKeys = ["created_at", "description", "id", "image_count", "lora_path", "lora_trained_at", "name", "trigger_word", "updated_at"];
const commonKeys = ["completed_at", "config", "created_at", "error_message", "id", "progress", "started_at", "status"];
const trainingKeys = [
  ...commonKeys, "base_model", "character_id", "current_loss", "current_step", "elapsed_seconds", "eta_seconds", "iteration_speed", "output_path", "preset_name", "total_steps",
].toSorted();
const keys = (value: unknown) => Object.keys(value as Fields).toSorted();

test("a script of the earlier system makes a person, trains and makes pictures, and reads every answer", async () => {
  const made = await ask("POST", "/api/characters", { name: "Ada", trigger_word: "adaxyz1", description: null });
  expect(made).toMatchObject({ status: 201, type: earlierMediaType, body: { name: "Ada", trigger_word: "adaxyz1", image_count: 0, lora_path: null } });
  expect(keys(made.body)).toEqual(characterKeys);
  ids["character"] = String(made.body["id"]);
  const form = new FormData();
  for (const seed of [1, 2, 3]) form.append("files[]", new File([Uint8Array.from(await drawPicture({ width: 90, height: 90, seed, format: "png" }))], `${seed}.png`));
  form.append("files[]", new File(["no picture"], "note.txt"));
  const sent = await ask("POST", `/api/characters/${ids["character"]}/images`, form);
  const uploaded = sent.body["uploaded"] as string[];
  ids["file"] = uploaded[0]!;
  expect(uploaded).toEqual(Array.from({ length: 3 }, () => expect.stringMatching(/^pho-\w+\.png$/) as string));
  expect(sent).toMatchObject({ status: 201, body: { rejected: [{ filename: "note.txt", reason: "This file is a text file, not a picture." }], total_images: 3 } });
  expect((await ask("GET", `/api/characters/${ids["character"]}/images`)).body).toMatchObject({ count: 3, images: { length: 3 } });
  expect((await ask("GET", `/api/characters/${ids["character"]}/images/${ids["file"]}`)).type).toBe("image/png");

  const training = await ask("POST", "/api/training", {
    character_id: ids["character"], preset_name: "Quick Train", base_model: "flux-dev",
    config: { method: "lora", steps: 20, lora_rank: 8, resolution: 768, sample_every_n_steps: 10, checkpoint_every_n_steps: 10, sample_prompts: ["{trigger}"] },
  });
  expect(training).toMatchObject({ status: 201, body: { preset_name: "Quick Train", base_model: "flux-dev", config: { steps: 20, lora_rank: 8, resolution: 768 } } });
  expect(keys(training.body)).toEqual(trainingKeys);
  ids["training"] = String(training.body["id"]);
  const done = await ended(`/api/training/${ids["training"]}`);
  expect(done).toMatchObject({ status: "completed", progress: 100, error_message: null, output_path: expect.stringContaining("/api/loras/") });
  expect((await ask("GET", `/api/characters/${ids["character"]}`)).body).toMatchObject({ lora_path: done["output_path"], lora_trained_at: expect.any(String) });
  const loras = await ask("GET", "/api/loras");
  expect(keys((loras.body["loras"] as Fields[])[0])).toEqual(["filename", "id", "name", "path", "size_bytes", "trigger_word", "uploaded_at"]);
  expect(loras.body["total_count"]).toBe(1);
  ids["lora"] = String((loras.body["loras"] as Fields[])[0]!["id"]);

  const pictures = await ask("POST", "/api/generation", { config: { prompt: "a garden", steps: 2, guidance_scale: 3.5, character_id: ids["character"], lora_strength: 1, use_upscale: false }, count: 1 });
  expect(pictures).toMatchObject({ status: 201, body: { config: { prompt: "a garden", guidance_scale: 3.5, lora_id: ids["lora"] }, output_paths: [] } });
  expect(keys(pictures.body)).toEqual([...commonKeys, "output_paths"].toSorted());
  ids["generation"] = String(pictures.body["id"]);
  const [output] = (await ended(`/api/generation/${ids["generation"]}`))["output_paths"] as string[];
  expect((await ask("GET", output!)).type).toBe("image/png");
}, 300_000);

test("logs, artifacts and summary of a job, and what the server tells about itself, have the earlier form", async () => {
  const job = `/api/jobs/${ids["training"]}`;
  const page = await ask("GET", `${job}/logs/view?limit=2&level=INFO`);
  expect(keys(page.body)).toEqual(["entries", "has_more", "job_id", "total_lines"]);
  expect(keys((page.body["entries"] as Fields[])[0])).toEqual(["event", "fields", "level", "message", "timestamp"]);
  const [line] = (await ask("GET", `${job}/logs`)).text.split("\n");
  expect(keys(JSON.parse(line!))).toEqual(["correlation_id", "event", "fields", "job_id", "level", "msg", "service", "ts"]);
  const artifacts = await ask("GET", `${job}/artifacts`);
  expect(keys((artifacts.body["artifacts"] as Fields[])[0])).toEqual(["created_at", "name", "path", "size_bytes", "step", "type", "url"]);
  expect((await ask("GET", `${job}/summary`)).body).toMatchObject({ job_id: ids["training"], status: "completed", first_error: null, artifact_counts: expect.any(Object) });
  const stream = await ask("GET", `/api/training/${ids["training"]}/stream`);
  expect(stream.type).toStartWith("text/event-stream");
  expect(JSON.parse(/^data: (.*)$/m.exec(stream.text)![1]!)).toMatchObject({ job_id: ids["training"], status: "completed", progress: 100, total_steps: 20 });
  expect((await ask("GET", "/health")).body).toEqual({ status: "healthy" });
  expect((await ask("GET", "/api/ready")).body).toMatchObject({ mode: "fast-test", dependencies: { storage: {}, comfyui: {}, aitoolkit: {} } });
  expect((await ask("GET", "/api/info")).body).toMatchObject({
    training: { method: "lora", parameters: { learning_rate: { type: "float", wired: true }, lora_rank: {}, resolution: { type: "enum", options: [512, 768, 1024] } } },
    image_generation: { model_variants: ["flux-dev", "flux-schnell"], toggles: { use_controlnet: { supported: false } }, parameters: { guidance_scale: {} } },
  });
  expect((await ask("GET", "/api/status")).body).toMatchObject({ overall_status: expect.stringMatching(/^(ok|warning|error)$/), system: { issues: expect.any(Array) } });
  expect((await ask("GET", "/api/settings")).body).toMatchObject({ hf_token_set: false, sources: { mode: "flag" } });
  expect((await ask("POST", "/api/client-logs", { entries: [{ timestamp: "2026-01-01T00:00:00Z", level: "WARNING", message: "m", event: null }] })).body)
    .toEqual({ received: 1, correlation_id: expect.any(String) });
});

test("a refusal is one text, with the status that the earlier system had", async () => {
  expect(await ask("GET", "/api/characters/chr-none")).toMatchObject({ status: 404, body: { detail: expect.stringContaining("There is no character") } });
  expect(await ask("POST", `/api/training/${ids["training"]}/cancel`)).toMatchObject({ status: 400, body: { detail: expect.any(String) } });
  expect(await ask("POST", "/api/characters", { name: "Ada", unknown: 1 })).toMatchObject({ status: 422, body: { detail: expect.stringContaining("unknown") } });
  expect(await ask("POST", "/api/generation", { config: { prompt: "a", negative_prompt: "b" } })).toMatchObject({ status: 422, body: { detail: expect.stringContaining("no negative prompt") } });
  expect((await fetch(`${server.url}/api/characters`, { headers: { accept: earlierMediaType } })).status).toBe(401);
});

test("every earlier route answers in its form or refuses in its form, and the plain request stays as it is today", async () => {
  const place = (path: string) => path.replace("/api/characters/{id}", `/api/characters/${ids["character"]}`).replace("/api/loras/{id}", `/api/loras/${ids["lora"]}`)
    .replace("/api/generation/{id}", `/api/generation/${ids["generation"]}`).replace("{file}", ids["file"]!).replace("{id}", ids["training"]!);
  for (const { method, path } of earlierRoutes.filter((route) => route.method === "GET" && route.answer !== undefined)) {
    expect({ path, ...(await ask(method, place(path))) }).toMatchObject({ status: 200, type: earlierMediaType });
    expect((await server.api(place(path), { headers: { accept: "application/json, */*" } })).headers.get("content-type")).toStartWith("application/json");
  }
  for (const path of ["/api/loras/{id}", "/api/characters/{id}/images/{file}", "/api/characters/{id}"]) expect((await ask("DELETE", place(path))).status).toBe(204);
});
