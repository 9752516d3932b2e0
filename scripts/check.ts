import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { findLargeClasses } from "./check/classes.ts";
import { findDeadExports } from "./check/exports.ts";
import { countByFolder, findFullFolders } from "./check/folders.ts";
import { findJobSql } from "./check/job-sql.ts";
import { findSleeps } from "./check/sleeps.ts";
import { findEndlessWaits, findObsoleteReviews } from "./check/waits.ts";
import { checkFaultTable } from "./check/fault-table.ts";
import { checkPromiseTable } from "./check/promise-table.ts";

/**
 * Layers and the rooms inside of them, file sizes, files in a folder, the size of classes, SQL on jobs outside of their store, dead exports, fixed waits of tests, cycles, waits without a limit, paths named in ARCHITECTURE.md, and the tests named in docs/faults.md and docs/promises.md. Prints every breach; exit code 1 when there is one.
 * The length of functions is the linter's work (.oxlintrc.json).
 */
const root = join(import.meta.dir, "..");
const maxFileLines = 300;
const maxArchitectureLines = 200;

/** From the outside in: a file may import from its own layer and from those after it. */
const layers: ReadonlyArray<readonly [name: string, pattern: RegExp]> = [
  ["main", /^server\/main\.ts$/],
  ["roles", /^server\/roles\//],
  ["app", /^server\/(app|core|engines|routes|views)\.ts$/],
  ["api", /^server\/api\//],
  ["jobs", /^server\/jobs\//],
  ["library", /^server\/library\//],
  ["pictures", /^server\/pictures\//],
  ["services", /^server\/services\//],
  ["process", /^server\/(process|events|logs|system)\//],
  ["base", /^server\/(base|files|db)\//],
  ["contract", /^server\/contract\//],
  ["formats", /^server\/formats\//],
  ["shared", /^server\/shared\//],
];

/** Rooms of a folder, from the outside in, as above. */
const innerLayers: ReadonlyArray<{ readonly folder: string; readonly rooms: readonly RegExp[] }> = [
  { folder: "ui/components/", rooms: [/^frame\//, /^(training|pictures)\//, /^characters\//, /^jobs\//, /^machine\//, /^kit\//] },
  { folder: "plugins/comfyui/", rooms: [/^([a-z-]+\.ts|simulator\/.*|fixtures\/.*)$/, /^generation\//, /^service\//, /^recipes\//, /^failures\//, /^protocol\//] },
  { folder: "server/api/", rooms: [/^[a-z-]+\.ts$/, /^v0\//, /^openapi\//, /^input\//, /^gate\//, /^http\//] },
  { folder: "server/jobs/", rooms: [/^jobs\.ts$/, /^run\//, /^queue\//, /^admit\//, /^failures\//, /^store\//, /^(backends|ports)\.ts$/] },
];

interface Import {
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

const files = [...new Bun.Glob("{server,plugins,ui,scripts}/**/*.ts").scanSync(root)].filter((file) => !file.endsWith(".d.ts")).sort();
const problems: string[] = [];
const graph = new Map<string, string[]>();
const productTexts = new Map<string, string>();
const allTexts = new Map<string, string>();

for (const file of files) {
  const text = await Bun.file(join(root, file)).text();
  allTexts.set(file, text);
  checkSize(file, text);
  problems.push(...findSleeps(file, text));
  const isProduct = !isTestOnly(file);
  const targets: string[] = [];
  for (const found of readImports(text)) {
    const target = resolveImport(file, found.specifier);
    if (target !== null && !found.isTypeOnly) targets.push(target);
    if (!isProduct) continue;
    const problem = judge(file, target, found);
    if (problem !== null) problems.push(`${file}: ${problem}`);
  }
  if (!isProduct) continue;
  graph.set(file, targets);
  productTexts.set(file, text);
  problems.push(...findEndlessWaits(file, text), ...findLargeClasses(file, text), ...findJobSql(file, text));
}
problems.push(...findObsoleteReviews(productTexts), ...findFullFolders([...productTexts.keys()]), ...findDeadExports(allTexts, (file) => productTexts.has(file)));
checkCycles();
await checkArchitecture();
problems.push(...await checkFaultTable(), ...await checkPromiseTable());

for (const problem of problems) console.error(problem);
const [fullest] = countByFolder([...productTexts.keys()]);
console.log(`check: ${files.length} files, ${problems.length} problems; the fullest folder is ${fullest?.[0]} with ${fullest?.[1]} files besides tests`);
process.exit(problems.length === 0 ? 0 : 1);

function isTestOnly(file: string): boolean {
  return file.endsWith(".test.ts") || /(^|\/)testing(\/|-)/.test(file) || file.startsWith("plugins/conformance/") || file.startsWith("scripts/");
}

function checkSize(file: string, text: string): void {
  const lines = text.split("\n").length - 1;
  if (lines > maxFileLines) problems.push(`${file}: ${lines} lines; at most ${maxFileLines}`);
}

/** Reads import lines as text: Bun's own scanner leaves type imports out. */
function readImports(text: string): Import[] {
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?[^"';]*?from\s+"([^"]+)"/gm);
  const bare = text.matchAll(/^import\s+"([^"]+)"/gm);
  const dynamic = text.matchAll(/\bimport\("([^"]+)"\)/g);
  return [
    ...[...statements].map(([, type, specifier]) => ({ specifier: specifier!, isTypeOnly: type !== undefined })),
    ...[...bare, ...dynamic].map(([, specifier]) => ({ specifier: specifier!, isTypeOnly: false })),
  ];
}

/** The project's file that an import means, or null for a package. */
function resolveImport(file: string, specifier: string): string | null {
  if (!specifier.startsWith(".")) return null;
  return relative(root, resolve(root, dirname(file), specifier));
}

function judge(file: string, target: string | null, found: Import): string | null {
  if (target === null) return judgePackage(file, found);
  if (isTestOnly(target)) return `imports ${target}, which is for tests only`;
  if (file.startsWith("ui/")) return judgeUi(file, target, found);
  if (file.startsWith("plugins/")) return judgePlugin(file, target);
  return judgeServer(file, target, found);
}

function judgePackage(file: string, found: Import): string | null {
  const allowedInUi = /^(preact|@preact\/signals|htm|uplot)(\/|$)/;
  if (file.startsWith("ui/") && !allowedInUi.test(found.specifier)) return `the page may not use the package ${found.specifier}`;
  if (file.startsWith("server/contract/") && found.specifier !== "elysia") return `the contract may only use elysia, not ${found.specifier}`;
  return null;
}

function judgeUi(file: string, target: string, found: Import): string | null {
  if (target.startsWith("ui/")) return judgeRooms(file, target);
  if (target.startsWith("server/shared/")) return null;
  return target.startsWith("server/contract/") && found.isTypeOnly ? null : `the page may not import ${target}`;
}

function judgePlugin(file: string, target: string): string | null {
  if (file === "plugins/registry.ts") return /^plugins\/([a-z-]+\/(index|simulator)|plugin)\.ts$/.test(target) ? null : `the registry may not import ${target}`;
  const own = /^plugins\/[^/]+\//.exec(file)?.[0];
  const allowed = [own, "plugins/interfaces/", "plugins/simulation/", "server/contract/", "server/shared/", "server/formats/"];
  const isAllowed = target === "plugins/plugin.ts" || allowed.some((start) => start !== undefined && target.startsWith(start));
  return isAllowed ? judgeRooms(file, target) : `a plugin may not import ${target}`;
}

function judgeServer(file: string, target: string, found: Import): string | null {
  if (target.startsWith("plugins/")) {
    if (file === "server/main.ts" && target === "plugins/registry.ts") return null;
    const isInterface = target === "plugins/plugin.ts" || target.startsWith("plugins/interfaces/");
    return isInterface && (found.isTypeOnly || target === "plugins/plugin.ts") ? null : `the server may not import ${target}`;
  }
  const from = layerOf(file);
  const to = layerOf(target);
  if (from < 0 || to < 0) return `${from < 0 ? file : target} belongs to no layer`;
  return to >= from ? judgeRooms(file, target) : `layer ${layers[from]![0]} may not import ${target} (layer ${layers[to]![0]})`;
}

function judgeRooms(file: string, target: string): string | null {
  for (const { folder, rooms } of innerLayers) {
    if (!file.startsWith(folder) || !target.startsWith(folder)) continue;
    const [from, to] = [file, target].map((path) => rooms.findIndex((room) => room.test(path.slice(folder.length))));
    if (from! < 0 || to! < 0) return `${from! < 0 ? file : target} belongs to no room of ${folder}`;
    if (to! < from!) return `may not import ${target}, which lies further out in ${folder}`;
  }
  return null;
}

function layerOf(file: string): number {
  return layers.findIndex(([, pattern]) => pattern.test(file));
}

function checkCycles(): void {
  const state = new Map<string, "open" | "done">();
  const walk = (file: string, trail: string[]): void => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      problems.push(`import cycle: ${[...trail.slice(trail.indexOf(file)), file].join(" → ")}`);
      return;
    }
    state.set(file, "open");
    for (const target of graph.get(file) ?? []) walk(target, [...trail, file]);
    state.set(file, "done");
  };
  for (const file of graph.keys()) walk(file, []);
}

/** ARCHITECTURE.md may only name files and folders that exist. */
async function checkArchitecture(): Promise<void> {
  const file = Bun.file(join(root, "ARCHITECTURE.md"));
  if (!(await file.exists())) return void problems.push("ARCHITECTURE.md is missing");
  const text = await file.text();
  const lines = text.split("\n").length - 1;
  if (lines >= maxArchitectureLines) problems.push(`ARCHITECTURE.md: ${lines} lines; under ${maxArchitectureLines}`);
  for (const [, path] of text.matchAll(/`((?:server|plugins|ui|scripts|docs)\/[A-Za-z0-9_./-]*)`/g)) {
    if (!existsSync(join(root, path!))) problems.push(`ARCHITECTURE.md names ${path}, which does not exist`);
  }
}
