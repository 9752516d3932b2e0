import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanEnv, executablePath } from "../testing/executable.ts";
import { type Finding, found } from "./report.ts";

const nobody = 65534;
const limitMs = 20_000;

/** Start folders that somebody else prepared. Those of another user need root to be made. */
export async function attackFolders(): Promise<Finding[]> {
  const place = mkdtempSync(join(tmpdir(), "isengard-attack-"));
  const kinds: Record<string, (root: string) => void> = {
    "that every user may write to": (root) => chmodSync(root, 0o777),
    "with settings that every user may write to": (root) => chmodSync(join(root, "isengard.json"), 0o666),
    "with a token that every user may write to": (root) => chmodSync(join(root, "data/secrets/token"), 0o666),
  };
  if (process.getuid?.() === 0) {
    kinds["of another user"] = (root) => chownSync(root, nobody, nobody);
    kinds["with settings of another user"] = (root) => chownSync(join(root, "isengard.json"), nobody, nobody);
    kinds["with a token of another user"] = (root) => chownSync(join(root, "data/secrets/token"), nobody, nobody);
  }
  const findings: Finding[] = [];
  for (const [index, [kind, change]] of Object.entries(kinds).entries()) {
    const root = join(place, String(index));
    const mark = join(place, `${index}-was-run`);
    mkdirSync(join(root, "data/secrets"), { recursive: true, mode: 0o700 });
    writeFileSync(join(root, "evil.sh"), `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
    writeFileSync(join(root, "isengard.json"), JSON.stringify({ mode: "production", nvidiaSmi: join(root, "evil.sh") }), { mode: 0o600 });
    writeFileSync(join(root, "data/secrets/token"), `${"t".repeat(50)}\n`, { mode: 0o600 });
    change(root);
    const child = Bun.spawn([executablePath, "--no-open", "--port", "0"], { cwd: root, env: cleanEnv(), stdio: ["ignore", "ignore", "ignore"], timeout: limitMs });
    const code = await child.exited;
    const wasRun = existsSync(mark);
    findings.push(found(`started in a folder ${kind}`, `exit ${code}${wasRun ? ", its program ran" : ""}`, "exit 2, nothing of it runs", code === 2 && !wasRun));
  }
  rmSync(place, { recursive: true });
  return findings;
}
