import type { Character } from "../../server/contract/character.ts";
import type { Artifact, Job, MetricSeries } from "../../server/contract/job.ts";
import type { Lora } from "../../server/contract/lora.ts";
import type { Output } from "../../server/contract/output.ts";
import { drawPicture } from "../../server/testing/pictures.ts";
import type { Started } from "./executable.ts";

/** The main story in calls, for tests that are about something else than the story itself. */
export async function makeCharacter(server: Started, name = "Ada", photos = 3): Promise<Character> {
  const character = await post<Character>(server, "/api/characters", { name });
  if (photos === 0) return character;
  const form = new FormData();
  for (let n = 0; n < photos; n++) {
    const bytes = await photo(n + 1);
    form.append("files", new File([bytes as BlobPart], `photo-${n}.jpg`, { type: "image/jpeg" }));
  }
  await server.json(`/api/characters/${character.id}/images`, { method: "POST", body: form });
  return character;
}

/** Drawn once for all servers of a test. */
const drawn = new Map<number, Promise<Uint8Array>>();

function photo(seed: number): Promise<Uint8Array> {
  const picture = drawn.get(seed) ?? drawPicture({ width: 640, height: 480, seed, format: "jpeg" });
  drawn.set(seed, picture);
  return picture;
}

export async function startTraining(server: Started, characterId: string, values: Record<string, unknown> = {}): Promise<Job> {
  return post<Job>(server, "/api/training", { characterId, preset: "quick", values });
}

export async function startGeneration(server: Started, request: Record<string, unknown>): Promise<Job> {
  return post<Job>(server, "/api/generation", { prompt: "portrait in a garden", ...request });
}

const finals = new Set(["succeeded", "failed", "cancelled"]);

/** Waits for the end of a job; throws with the job's own words when it takes too long. */
export async function waitForEnd(server: () => Started, kind: "training" | "generation", id: string, limitMs = 120_000): Promise<Job> {
  const end = performance.now() + limitMs;
  let last = "nothing";
  for (;;) {
    try {
      const job = await server().json<Job>(`/api/${kind}/${id}`);
      if (finals.has(job.state)) return job;
      last = JSON.stringify({ state: job.state, waiting: job.waiting, progress: job.progress?.message, step: job.progress?.step });
    } catch (error) {
      last = String(error); // the server is being restarted by the test
    }
    if (performance.now() > end) throw new Error(`Job ${id} did not end within ${limitMs} ms: ${last}\n${server().printed().slice(-2000)}`);
    await Bun.sleep(50);
  }
}

export const lorasOf = async (server: Started): Promise<Lora[]> => (await server.json<{ loras: Lora[] }>("/api/loras")).loras;
export const outputsOf = async (server: Started, jobId: string): Promise<Output[]> =>
  (await server.json<{ outputs: Output[] }>(`/api/outputs?jobId=${jobId}`)).outputs;
export const artifactsOf = async (server: Started, jobId: string): Promise<Artifact[]> =>
  (await server.json<{ artifacts: Artifact[] }>(`/api/jobs/${jobId}/artifacts`)).artifacts;
export const metricsOf = async (server: Started, jobId: string): Promise<MetricSeries[]> =>
  (await server.json<{ series: MetricSeries[] }>(`/api/training/${jobId}/metrics`)).series;

export async function post<T>(server: Started, path: string, body: unknown): Promise<T> {
  return server.json<T>(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}
