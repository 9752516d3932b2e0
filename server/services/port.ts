import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Who listens on a port. `pid` null: a process that this account may not look into. */
export interface PortOwner {
  readonly pid: number | null;
  readonly name: string;
}

const listening = "0A";

/** null: nobody listens on this port. Linux only: reads /proc/net. */
export function findPortOwner(port: number): PortOwner | null {
  const inodes = listeningInodes(port);
  if (inodes.size === 0) return null;
  for (const entry of readdirSync("/proc")) {
    if (/^\d+$/.test(entry) && holdsSocket(entry, inodes)) return { pid: Number(entry), name: programName(entry) };
  }
  return { pid: null, name: "a program of another account" };
}

/** Who listens on a port, in words that fit into "Port 8188 is used by …"; null: nobody. */
export function describePortOwner(port: number): string | null {
  const owner = findPortOwner(port);
  if (!owner) return null;
  return owner.pid === null ? owner.name : `${owner.name} (process ${owner.pid})`;
}

/** A loopback port that nobody uses now. Somebody may take it before the caller does: be ready to choose another. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

function listeningInodes(port: number): Set<string> {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const inodes = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of readTable(table)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(`:${wanted}`) && fields[3] === listening && fields[9]) inodes.add(fields[9]);
    }
  }
  return inodes;
}

function readTable(path: string): string[] {
  try {
    return readFileSync(path, "latin1").split("\n").slice(1);
  } catch {
    // The machine has no IPv6.
    return [];
  }
}

function holdsSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(socketInode(`/proc/${pid}/fd/${fd}`)));
  } catch {
    // Gone meanwhile, or of another account.
    return false;
  }
}

function socketInode(link: string): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(link))?.[1] ?? "";
  } catch {
    // Closed meanwhile.
    return "";
  }
}

/** The name a person knows it by: `python main.py`, not only `python`. Arguments stay out, they may hold secrets. */
function programName(pid: string): string {
  const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").filter(Boolean);
  const program = words[0]?.split("/").at(-1) ?? "a program";
  const script = words.slice(1).find((word) => /\.(py|js|ts|mjs)$/.test(word));
  return script ? `${program} ${script.split("/").at(-1)}` : program;
}
