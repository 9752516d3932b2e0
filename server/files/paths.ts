import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";

/**
 * The one map of the disk. `root` is chosen once: VOLUME_ROOT or --data, else the pod's volume, else the folder that
 * the program was started in. Everything under `data` and `logs` is kept; only `run` may be emptied while stopped.
 */
export interface Paths {
  readonly root: string;
  readonly data: string;
  readonly logs: string;
  readonly stateDb: string;
  readonly telemetryDb: string;
  readonly backups: string;
  readonly photos: string;
  readonly thumbnails: string;
  readonly uploads: string;
  readonly loras: string;
  /** Base models that tools download. */
  readonly models: string;
  readonly outputs: string;
  readonly jobs: string;
  readonly services: string;
  readonly jobLogs: string;
  readonly serviceLog: string;
  readonly tokenFile: string;
  readonly hfTokenFile: string;
  readonly configFile: string;
  /** Ephemeral: who serves this folder now, under which address. */
  readonly serverFile: string;
  /** Held by whoever may touch the databases. */
  readonly lockFile: string;
}

/** Folders of a pod, in the order in which they are looked for. Source: RunPod's storage documentation. */
const podRoots = [
  { volume: "/runpod-volume", root: "/runpod-volume/isengard" },
  { volume: "/workspace", root: "/workspace/isengard" },
] as const;

export function chooseRoot(explicit: string | null, cwd: string, exists: (path: string) => boolean = existsSync): string {
  if (explicit !== null) return resolve(cwd, explicit);
  const pod = podRoots.find((candidate) => exists(candidate.volume));
  return pod ? pod.root : cwd;
}

/** Whether the root is on the volume of a pod, which has one user. */
export function isPodRoot(root: string): boolean {
  return podRoots.some((candidate) => candidate.root === root);
}

export function mapPaths(root: string): Paths {
  const data = join(root, "data");
  const logs = join(root, "logs");
  return {
    root, data, logs,
    stateDb: join(data, "state.db"),
    telemetryDb: join(data, "telemetry.db"),
    backups: join(data, "backups"),
    photos: join(data, "photos"),
    thumbnails: join(data, "thumbnails"),
    uploads: join(data, "uploads"),
    loras: join(data, "loras"),
    models: join(data, "models"),
    outputs: join(data, "outputs"),
    jobs: join(data, "jobs"),
    services: join(data, "services"),
    jobLogs: join(logs, "jobs"),
    serviceLog: join(logs, "service.jsonl"),
    tokenFile: join(data, "secrets", "token"),
    hfTokenFile: join(data, "secrets", "hf-token"),
    configFile: join(root, "isengard.json"),
    serverFile: join(data, "run", "server.json"),
    lockFile: join(data, "run", "lock"),
  };
}

/** Makes every folder, readable by the owner only. Throws the system's error where it cannot. */
export function makeFolders(paths: Paths): void {
  const folders = [
    paths.data, paths.logs, paths.backups, paths.photos, paths.thumbnails, paths.uploads, paths.loras,
    paths.outputs, paths.jobs, paths.services, paths.jobLogs, join(paths.data, "run"),
  ];
  for (const folder of folders) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const secrets = join(paths.data, "secrets");
  mkdirSync(secrets, { recursive: true, mode: 0o700 });
  chmodSync(secrets, 0o700);
}
