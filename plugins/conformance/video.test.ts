import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../../server/testing/folder.ts";
import type { VideoBackend, VideoJob, VideoOutcome } from "../interfaces/video.ts";
import type { ToolHost } from "../plugin.ts";
import { describeVideoBackend, videoChecks, type VideoSubject } from "./video.ts";

const job: VideoJob = { prompt: "waves", width: 64, height: 64, frames: 10, fps: 8, seed: 1, loras: [] };

/** Which promise a variant breaks; "none" keeps them all. */
type Flaw = "none" | "no-reason" | "backwards" | "half-file" | "ignores-cancel" | "starts-again" | "throws" | "wrong-place" | "cut-file";

/** The smallest backend that keeps the promises: a shell script writes frames, the file gets its name when it is whole. */
class ScriptedVideo implements VideoBackend {
  readonly name = "scripted";
  #runs = 0;

  constructor(readonly flaw: Flaw) {}

  capabilities() {
    return { backend: this.name, supported: true, reason: this.flaw === "no-reason" ? "" : "A script that writes frames." };
  }

  async render(asked: VideoJob, host: ToolHost): Promise<VideoOutcome> {
    if (asked.frames === 0 && this.flaw === "throws") throw new Error("no frames");
    if (asked.frames === 0) {
      return { kind: "failed", failure: { code: "invalid", what: "The video could not be made.", why: "It has no frames.", fix: "Ask for at least one frame.", tail: [] } };
    }
    const file = this.flaw === "wrong-place" ? join(host.jobDir, "..", `${host.jobId}.mp4`) : join(host.jobDir, "video.mp4");
    const partial = this.flaw === "half-file" ? file : `${file}.part`;
    const size = this.flaw === "cut-file" ? "\\000\\000\\001\\000" : "\\000\\000\\000\\022";
    const script = `printf '\\000\\000\\000\\010ftyp' > "$1"; for i in $(seq ${asked.frames}); do sleep 0.06; echo frame $i; done
      printf '${size}mdat0123456789' >> "$1"; [ "$1" = "$2" ] || mv "$1" "$2"`;
    const name = this.flaw === "starts-again" ? `render-${++this.#runs}` : "render";
    const outcome = await host.run(name, {
      file: "/bin/sh", args: ["-c", script, "sh", partial, file], cwd: host.jobDir, env: {}, columns: 80,
      stop: [{ signal: this.flaw === "ignores-cancel" ? "SIGINT" : "SIGTERM", target: "group", waitMs: this.flaw === "ignores-cancel" ? 1 : 2_000 }],
    }, ({ text }) => this.#tell(host, Number(/frame (\d+)/.exec(text)?.[1] ?? 0), asked.frames));
    if (outcome.kind === "exited" && outcome.code === 0) return { kind: "succeeded", file };
    return this.flaw === "ignores-cancel" ? { kind: "interrupted", why: "It was interrupted." } : { kind: "stopped" };
  }

  #tell(host: ToolHost, frame: number, frames: number): void {
    if (frame === 0) return;
    const fraction = this.flaw === "backwards" ? 1 - frame / (frames + 1) : frame / frames;
    host.progress({ stages: [], step: frame, totalSteps: frames, fraction, speed: "", loss: null, learningRate: null, message: "Rendering" });
  }
}

function subject(flaw: Flaw): VideoSubject {
  return { name: `scripted (${flaw})`, backend: new ScriptedVideo(flaw), job, failing: { job: { ...job, frames: 0 }, code: "invalid" } };
}

describeVideoBackend(subject("none"));

describe("the suite finds a backend that", () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());

  const flaws: ReadonlyArray<readonly [Flaw, string]> = [
    ["no-reason", "says what it can do"],
    ["backwards", "renders one complete file in the folder of the job, with rising progress"],
    ["wrong-place", "renders one complete file in the folder of the job, with rising progress"],
    ["cut-file", "renders one complete file in the folder of the job, with rising progress"],
    ["half-file", "never leaves a half file under a final name"],
    ["ignores-cancel", "cancelling stops one job only and leaves neither process nor file"],
    ["starts-again", "after a crash of the server the same call goes on with the same run"],
    ["throws", "a failure is an outcome with a class and three sentences"],
  ];

  test.each(flaws)("%s: \"%s\" fails", async (flaw, title) => {
    const check = videoChecks.find((candidate) => candidate.title === title);
    if (!check) throw new Error(`There is no check "${title}".`);
    await expect(check.run(subject(flaw), folder.path)).rejects.toThrow();
  }, 40_000);
});
