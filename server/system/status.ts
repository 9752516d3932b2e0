import type { Obstacles } from "../contract/obstacle.ts";
import type { Check, Gpu, GpuStatus, ServiceStatus, SystemStatus } from "../contract/system.ts";
import { misreadByTools, misreadFix } from "../files/tool-path.ts";
import { diskCheck } from "./disk/levels.ts";
import { diskSpace, memory, osName } from "./machine.ts";
import { withLimit } from "../base/wait.ts";

export interface StatusDeps {
  gpu(): GpuStatus;
  services(): ServiceStatus[];
  /** Those of the chosen backends: is the tool installed, is the model there. May throw and may hang. */
  checks(): Promise<Check[]>;
  /** Absent: nobody asks for work here. */
  readonly obstacles?: () => Obstacles;
  /** The folder that keeps everything. */
  readonly root: string;
  /** performance.now() at the start of the server. */
  readonly startedAt: number;
  /** Instead of the plain check of `root`: those of whoever watches the disks and the databases. */
  readonly dataChecks?: () => Check[];
  readonly disk?: (path: string) => Promise<SystemStatus["disk"]>;
  readonly checksDeadlineMs?: number;
}

const defaultDeadlineMs = 5000;

/** What is known about this machine now. A fact that nobody checked is `unknown`; nothing is well by default. */
export async function systemStatus(deps: StatusDeps): Promise<SystemStatus> {
  const [disk, backendChecks] = await Promise.all([readDisk(deps), runChecks(deps)]);
  const gpu = deps.gpu();
  const services = deps.services();
  return {
    gpu, services,
    obstacles: deps.obstacles?.() ?? { training: [], generation: [] },
    checks: [...(deps.dataChecks?.() ?? [disk.check]), ...pathChecks(deps.root), gpuCheck(gpu), ...backendChecks],
    disk: disk.space,
    memory: memory(),
    os: osName(),
    uptimeSeconds: Math.round((performance.now() - deps.startedAt) / 1000),
  };
}

async function readDisk({ root, disk = diskSpace }: StatusDeps): Promise<{ space: SystemStatus["disk"]; check: Check }> {
  try {
    const space = await disk(root);
    return { space, check: diskCheck(space) };
  } catch (error) {
    const detail = `The free space of ${root} could not be read: ${messageOf(error)}.`;
    const check = makeCheck("disk", "Disk", "unknown", detail, "Check that the folder exists and that the volume is mounted.");
    return { space: { freeBytes: 0, totalBytes: 0, path: root }, check: { ...check, checkedAt: null } };
  }
}

/** Only said where it matters: nearly every path is read as it is. */
function pathChecks(root: string): Check[] {
  const misread = misreadByTools(root);
  return misread === null ? [] : [makeCheck("path", "Folder", "error", `${misread} Trainings there would fail.`, misreadFix)];
}

function gpuCheck(gpu: GpuStatus): Check {
  const checked = (state: Check["state"], fix: string): Check => ({
    id: "gpu", label: "GPU", state, detail: gpu.reason, fix, checkedAt: gpu.checkedAt,
  });
  const slowed = gpu.gpus.find(({ slowedBy }) => slowedBy.length > 0);
  switch (gpu.state) {
    case "present":
      return slowed === undefined ? checked(gpu.checkedAt === null ? "unknown" : "ok", "") : { ...checked("warning", "Look at its cooling and its power supply."), detail: slowedText(slowed) };
    case "none":
      return checked("warning", "Training and pictures need an NVIDIA GPU; fast-test mode works without.");
    case "error":
      return checked("error", gpu.gpus.some(({ fault }) => fault?.stays) ? "Say on the Home page when it can be used again; restart this machine if it stays." : "Restart this machine if it stays.");
    case "unknown":
      return checked("unknown", "Wait a moment.");
  }
}

function slowedText({ name, slowedBy }: Gpu): string {
  return `${name} runs slower than it could, because of ${slowedBy.join(" and ")}.`;
}

async function runChecks({ checks, checksDeadlineMs = defaultDeadlineMs }: StatusDeps): Promise<Check[]> {
  const unfinished = (detail: string): Check[] => [
    { id: "backends", label: "Tools", state: "unknown", detail, fix: "Try again; if it stays, look at the Logs page.", checkedAt: null },
  ];
  const tooLate = () => unfinished(`The checks of the tools did not end within ${checksDeadlineMs / 1000} seconds.`);
  try {
    const found = await withLimit(checks(), checksDeadlineMs, tooLate);
    return found.map((check) => (check.checkedAt === null ? { ...check, state: "unknown" } : check));
  } catch (error) {
    return unfinished(`The checks of the tools failed: ${messageOf(error)}.`);
  }
}

function makeCheck(id: string, label: string, state: Check["state"], detail: string, fix: string): Check {
  return { id, label, state, detail, fix, checkedAt: new Date().toISOString() };
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 300).replace(/\.$/, "");
}
