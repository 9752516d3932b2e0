import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { executablePath, startExecutable, type Started } from "../testing/executable.ts";
import { drawPicture } from "../../server/testing/pictures.ts";

let server: Started;
afterAll(async () => server?.dispose());

test("the story of the README works with curl as it stands there", async () => {
  server = await startExecutable({ flags: ["--mode", "fast-test", "--simulate-speed", "10"] });
  const readme = await Bun.file(join(import.meta.dir, "../../README.md")).text();
  const story = /<!-- story: begin -->\n```sh\n([\s\S]*?)```/.exec(readme)![1]!;
  const script = story
    .replace("./isengard token", `${executablePath} token --data ${server.folder}`)
    .replace(/URL=.*/, `URL=${server.url}`);
  for (const [name, format] of [["photo1.jpg", "jpeg"], ["photo2.png", "png"]] as const) {
    await Bun.write(join(server.folder, name), await drawPicture({ width: 800, height: 600, seed: 5, format }));
  }
  const child = Bun.spawn(["bash", "-euo", "pipefail", "-c", script], { cwd: server.folder, stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  expect({ code, err, out: code === 0 ? "" : out }).toEqual({ code: 0, err: "", out: "" });
  const png = await Bun.file(join(server.folder, "picture.png")).bytes();
  const text = Buffer.from(png).toString("latin1");
  const settings = JSON.parse(/isengard\0(\{.*?\})[^}]{4}\0\0/s.exec(text)?.[1] ?? "{}") as { loras: unknown[]; seed: number; prompt: string };
  expect(settings.loras).toHaveLength(1);
  expect(settings.prompt).toContain("portrait in a garden");
}, 240_000);
