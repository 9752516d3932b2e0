import { existsSync } from "node:fs";
import { attackHosts, attackSessions, attackTokens } from "./attack/access.ts";
import { attackBodies } from "./attack/bodies.ts";
import { attackDescriptors } from "./attack/flood.ts";
import { attackFolders } from "./attack/folders.ts";
import { attackWithLarge } from "./attack/large.ts";
import { type Finding, formatFinding } from "./attack/report.ts";
import { attackSlowness } from "./attack/slowness.ts";
import { build } from "./build.ts";
import { executablePath, startExecutable, type Started } from "./testing/executable.ts";

/**
 * `npm run attack`: what a hostile program on the network or on the same machine may try, against the executable on loopback. Each line
 * is printed with its limit. Ends by itself within a few minutes; exit code 1 when a limit does not hold.
 */
const shortHosts = ["nas", "a", "pi.local"];

export async function attack(): Promise<Finding[]> {
  const findings: Finding[] = [];
  const against = async (options: Parameters<typeof startExecutable>[0], work: (server: Started) => Promise<Finding[]>) => {
    const server = await startExecutable(options);
    try {
      findings.push(...await work(server));
    } finally {
      await server.dispose();
    }
  };
  await against({}, attackBodies);
  await against({}, attackSlowness);
  await against({}, attackTokens);
  await against({}, attackSessions);
  await against({ flags: ["--mode", "fast-test", "--allowed-hosts", shortHosts.join(",")] }, (server) => attackHosts(server, shortHosts));
  await against({ wrapper: ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh"] }, attackDescriptors);
  findings.push(...await attackFolders());
  return findings;
}

if (import.meta.main) {
  if (!existsSync(executablePath)) await build();
  const findings = [...await attack(), ...await attackWithLarge()];
  for (const finding of findings) console.log(formatFinding(finding));
  const broken = findings.filter(({ holds }) => !holds).length;
  console.log(broken === 0 ? "all limits hold" : `${broken} limits are broken`);
  process.exit(broken === 0 ? 0 : 1);
}
