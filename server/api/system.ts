import { t, type Elysia } from "elysia";
import { GpuStatus, Info, Mode, SystemStatus } from "../contract/system.ts";
import type { Boot } from "../contract/boot.ts";
import { health } from "./health.ts";

export interface SystemDeps {
  info(): Info;
  status(): Promise<SystemStatus>;
  boot(): Promise<Boot>;
  /** Remembers the mode and makes its backends ready. */
  chooseMode(mode: Mode): Promise<void>;
  /** Stops or restarts a tool that Isengard looks after. */
  stopService(name: string): Promise<void>;
  startService(name: string): Promise<void>;
  /** Throws while nvidia-smi shows that this GPU is not well. */
  resumeGpu(id: string): Promise<GpuStatus>;
}

/** Health for machines, status for people. */
export function systemApi(deps: SystemDeps) {
  return (http: Elysia) => http
    .get("/health", health)
    .get("/api/health", health)
    .get("/ready", async ({ set }) => readiness(await deps.status(), deps.info().mode, set))
    .get("/api/ready", async ({ set }) => readiness(await deps.status(), deps.info().mode, set))
    .get("/api/info", () => deps.info(), { response: Info })
    .get("/api/status", () => deps.status(), { response: SystemStatus })
    .get("/api/boot", () => deps.boot())
    .post("/api/mode", async ({ body }) => {
      await deps.chooseMode(body.mode);
      return deps.info();
    }, { body: t.Object({ mode: Mode }) })
    .post("/api/gpus/:id/resume", ({ params }) => deps.resumeGpu(params.id), {
      params: t.Object({ id: t.String({ maxLength: 80 }) }), response: GpuStatus,
      detail: { summary: "Use a GPU again on which a job met a fault" },
    })
    .post("/api/services/:name/stop", async ({ params }) => {
      await deps.stopService(params.name);
      return { ok: true };
    }, { params: t.Object({ name: t.String({ maxLength: 32 }) }) })
    .post("/api/services/:name/start", async ({ params }) => {
      await deps.startService(params.name);
      return { ok: true };
    }, { params: t.Object({ name: t.String({ maxLength: 32 }) }) });
}

/** 200 when work can be done, 503 with the reasons when not. */
function readiness(status: SystemStatus, mode: Mode | null, set: { status?: number | string }) {
  const problems = status.checks.filter((check) => check.state === "error").map((check) => `${check.label}: ${check.detail}`);
  if (mode === null) problems.push("The mode is not chosen yet.");
  const isReady = problems.length === 0;
  if (!isReady) set.status = 503;
  return { status: isReady ? "ready" : "degraded", mode, problems, services: status.services };
}
