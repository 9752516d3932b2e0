import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../testing/folder.ts";
import { canTrace } from "../testing/strace.ts";
import { writeDurably } from "./durable.ts";

test.skipIf(!canTrace)("F46: a file gets its name only when its bytes are on the disk, and then the name is put there too", async () => {
  using folder = temporaryFolder();
  const [output, target] = [join(folder.path, "calls"), join(folder.path, "picture.png")];
  const script = `const { writeDurably } = await import(${JSON.stringify(join(import.meta.dir, "durable.ts"))}); await writeDurably(${JSON.stringify(target)}, Buffer.from("whole"));`;
  const child = Bun.spawn(["strace", "-f", "-y", "-o", output, "-e", "trace=write,fsync,fdatasync,rename,renameat,renameat2", process.execPath, "-e", script], { stdio: ["ignore", "ignore", "inherit"] });
  expect(await child.exited).toBe(0);
  const lines = readFileSync(output, "utf8").split("\n");
  const at = (what: RegExp) => lines.findIndex((line) => what.test(line));
  const order = [at(/ write\(.*picture\.png\.part>, "whole"/), at(/ f(data)?sync\(.*picture\.png\.part>/), at(/ rename.*picture\.png\.part.*picture\.png"/), lines.findLastIndex((line) => line.includes(` fsync(`) && line.includes(`<${folder.path}>`))];
  expect(order).toEqual([...order].sort((left, right) => left - right));
  expect(Math.min(...order)).toBeGreaterThanOrEqual(0);
  expect(readFileSync(target, "utf8")).toBe("whole");
});

test("two that write the same file at once write into two parts, and the last one published stands whole", async () => {
  using folder = temporaryFolder();
  const target = join(folder.path, "thumbnail.webp");
  await Promise.all(Array.from({ length: 12 }, (_, index) => writeDurably(target, Buffer.alloc(300_000, index))));
  const bytes = readFileSync(target);
  expect(bytes.equals(Buffer.alloc(300_000, bytes[0]))).toBe(true);
  expect(readdirSync(folder.path)).toEqual(["thumbnail.webp"]);
});
