import { existsSync } from "node:fs";
import { join } from "node:path";
import { faketimePaths } from "./chaos/disk.ts";
import { chromiumPaths } from "./testing/chromium.ts";

/** `npm test`: everything that must hold before a change lands. Stops at the first step that fails. */
const root = join(import.meta.dir, "..");

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const steps: readonly Step[] = [
  { name: "types", command: ["bun", "x", "--no-install", "tsc", "-p", "."] },
  { name: "lint", command: ["bun", "x", "--no-install", "oxlint"] },
  { name: "layers and sizes", command: ["bun", "scripts/check.ts"] },
  { name: "unit and app tests", command: ["bun", "test", "--isolate", "--timeout", "60000", "./server", "./plugins", "./ui", "./scripts/check"] },
  { name: "executable", command: ["bun", "scripts/build.ts"] },
  { name: "executable and browser tests", command: ["bun", "test", "--isolate", "--timeout", "600000", "./scripts/e2e"] },
];

const browser = await findBrowser();
const leftOut = await findFaultTools();
let passed = 0;
for (const step of steps) {
  const started = performance.now();
  console.log(`\n== ${step.name}: ${step.command.join(" ")}`);
  const child = Bun.spawn([...step.command], { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, CHROMIUM: browser } });
  if ((await child.exited) !== 0) {
    console.error(`\n== ${step.name} failed`);
    console.log(`${passed} passed, 1 failed`);
    process.exit(1);
  }
  passed++;
  console.log(`== ${step.name}: ok, ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
if (leftOut.length > 0) console.log(`\nLeft out were the tests that need ${leftOut.join(" and ")}. Install it (Debian: apt-get install ${leftOut.join(" ")}) and run again.`);
console.log(`\n${passed} passed, 0 failed`);

/** The browser of the machine, else Debian's package where we may install it. */
async function findBrowser(): Promise<string> {
  const named = process.env["CHROMIUM"];
  const found = [...(named ? [named] : []), ...chromiumPaths].find((path) => existsSync(path));
  if (found) return found;
  if (mayInstall()) {
    await install("chromium");
    if (existsSync(chromiumPaths[0])) return chromiumPaths[0];
  }
  console.error("The browser tests need Chromium. Install it (Debian: apt-get install chromium) or name it with CHROMIUM=/path, then run again.");
  process.exit(1);
}

/**
 * Debian's packages with which the tests make faults of the disk and the clock, and read pictures as a trainer does. Answers those that are
 * missing: their tests are skipped.
 */
async function findFaultTools(): Promise<string[]> {
  const present: Record<string, () => boolean> = {
    strace: () => Bun.which("strace") !== null,
    libfaketime: () => faketimePaths.some((path) => existsSync(path)),
    "python3-pil": () => ["python3", "/usr/bin/python3"].some((name) => Bun.which(name) !== null && Bun.spawnSync([name, "-c", "import PIL"], { stderr: "ignore" }).exitCode === 0),
  };
  const names = Object.keys(present);
  const isMissing = (name: string) => !present[name]!();
  for (const name of names.filter(isMissing)) if (mayInstall()) await install(name);
  return names.filter(isMissing);
}

function mayInstall(): boolean {
  return process.getuid?.() === 0 && Bun.which("apt-get") !== null;
}

async function install(name: string): Promise<void> {
  console.log(`== installing ${name} from Debian`);
  await Bun.$`apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq ${name}`.quiet().nothrow();
}
