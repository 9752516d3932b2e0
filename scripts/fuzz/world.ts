import { drawPicture } from "../../server/testing/pictures.ts";
import { pick, type Random } from "./values.ts";

export type Call = (path: string, init?: RequestInit) => Promise<Response>;

type Noun = "characters" | "photos" | "jobs" | "loras" | "outputs" | "uploads" | "artifacts";

/** How many ids of a kind are remembered, and how many open jobs the server may hold: the load stays bounded. */
const kept = 30;
const openJobs = 40;
const jobLimitMs = 90_000;

/** What exists on the server: ids of answers, so that what one request makes the next ones use. */
export class World {
  private readonly ids = new Map<Noun, string[]>();
  private picture = new Uint8Array();

  constructor(private readonly call: Call) {}

  /** A LoRA and pictures to ask for; then a held queue: jobs are made by the thousand, and none is run. */
  async prepare(): Promise<void> {
    this.picture = Uint8Array.from(await drawPicture({ width: 64, height: 64, seed: 1, format: "png" }));
    for (const name of ["Ada", "Ben", "Eva"]) await this.makeCharacter(name);
    const [characterId] = this.ids.get("characters")!;
    await this.finish("/api/training", {
      characterId,
      values: { steps: 10, saveEvery: 5, sampleEvery: 5, samplePrompts: ["a face"] },
    });
    await this.finish("/api/generation", { prompt: "a garden", count: 2, steps: 1, characterId });
    for (const path of [
      "/api/loras",
      "/api/outputs",
      ...this.ids.get("jobs")!.map((id) => `/api/jobs/${id}/artifacts`),
    ]) {
      this.learn(await (await this.call(path)).text());
    }
    await this.call("/api/queue/pause", { method: "POST" });
  }

  private async finish(path: string, body: object): Promise<void> {
    const { id } = (await (await this.call(path, json(body))).json()) as { id: string };
    this.note("jobs", id);
    for (const end = performance.now() + jobLimitMs; performance.now() < end;) {
      const { finishedAt } = (await (await this.call(`/api/jobs/${id}`)).json()) as { finishedAt: string | null };
      if (finishedAt !== null) return;
      await Bun.sleep(100);
    }
    throw new Error(`${path} did not end`);
  }

  private async makeCharacter(name: string): Promise<void> {
    const made = (await (await this.call("/api/characters", json({ name }))).json()) as { id: string };
    this.note("characters", made.id);
    for (let seed = 0; seed < 4; seed++) {
      const form = new FormData();
      const bytes = await drawPicture({ width: 64 + seed, height: 64, seed: seed + 1, format: "png" });
      form.append("files", new File([bytes as BlobPart], `${seed}.png`, { type: "image/png" }));
      const answer = (await (
        await this.call(`/api/characters/${made.id}/images`, { method: "POST", body: form })
      ).json()) as { uploaded?: Array<{ id: string }> };
      // Another request may have deleted the character in between.
      this.note("photos", ...(answer.uploaded ?? []).map((photo) => photo.id));
    }
  }

  /** Learns from any answer: ids tell by their beginning what they name. */
  learn(text: string): void {
    const nouns: Record<string, Noun> = {
      chr: "characters",
      pho: "photos",
      job: "jobs",
      lor: "loras",
      out: "outputs",
      upl: "uploads",
      art: "artifacts",
    };
    for (const [id, start] of text.slice(0, 20_000).matchAll(/\b(chr|pho|job|lor|out|upl|art)-[0-9a-z]{10,40}\b/g)) {
      const noun = nouns[start!];
      if (noun !== undefined) this.note(noun, id);
    }
  }

  private note(noun: Noun, ...ids: string[]): void {
    const list = this.ids.get(noun) ?? [];
    this.ids.set(noun, [...list.filter((id) => !ids.includes(id)), ...ids].slice(-kept));
  }

  /** For a path's parameter. */
  idIn(path: string, name: string, random: Random): string {
    if (name === "name") return pick(random, ["comfyui", "ai-toolkit", "nothing"]);
    if (name === "artifactId") return this.any("artifacts", random);
    if (name === "file") return this.any("photos", random);
    const noun = /^\/api\/(characters|jobs|loras|outputs|uploads)/.exec(path)?.[1] as Noun | undefined;
    return this.any(noun ?? "jobs", random);
  }

  /** For a field of a body or query. */
  idOf(name: string, random: Random): string | undefined {
    if (name === "characterId" || name === "except") return this.any("characters", random);
    if (name === "before" || name === "after" || name === "jobId") return this.any("jobs", random);
    if (name === "preset") return pick(random, ["quick", "balanced", "high", "custom"]);
    if (name === "model") return pick(random, ["flux-dev", "flux-schnell"]);
    if (name === "aspectRatio") return pick(random, ["1:1", "4:5", "16:9"]);
    return name === "status" ? pick(random, ["queued", "all", "queued,failed", "open"]) : undefined;
  }

  private any(noun: Noun, random: Random): string {
    return pick(random, [...(this.ids.get(noun) ?? []), "job-none"]);
  }

  header(name: string, random: Random): string {
    switch (name) {
      case "Tus-Resumable":
        return "1.0.0";
      case "Upload-Length":
        return String(this.picture.length);
      case "Upload-Offset":
        return pick(random, ["0", "7"]);
      case "Upload-Metadata":
        return `characterId ${btoa(this.any("characters", random))},filename ${btoa("a.png")}`;
      default:
        return "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    }
  }

  upload(mediaType: string, headers: Record<string, string>, random: Random): BodyInit {
    if (mediaType !== "multipart/form-data") {
      headers["content-type"] = mediaType;
      return this.picture.slice(0, pick(random, [0, 10, this.picture.length]));
    }
    const form = new FormData();
    form.append("files", new File([this.picture], pick(random, ["a.png", "b.txt", "\u202ec.png"])));
    return form;
  }

  /** Jobs that no request deleted are ended, and people that were deleted are replaced. */
  async tidy(): Promise<void> {
    await this.call("/api/queue/pause", { method: "POST" });
    const { jobs } = (await (await this.call("/api/jobs?limit=500")).json()) as { jobs: Array<{ id: string }> };
    for (const { id } of jobs.slice(openJobs)) {
      await this.call(`/api/jobs/${id}/cancel`, { method: "POST" });
      await this.call(`/api/jobs/${id}`, { method: "DELETE" });
    }
    const people = (await (await this.call("/api/characters")).json()) as Array<{ id: string; photoCount: number }>;
    for (const { id } of people.slice(60)) await this.call(`/api/characters/${id}`, { method: "DELETE" });
    if (people.filter((person) => person.photoCount > 0).length < 3) await this.makeCharacter(`Eve ${people.length}`);
    this.ids.set(
      "characters",
      people.slice(0, kept).map((person) => person.id),
    );
  }
}

function json(body: unknown): RequestInit {
  return { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}
