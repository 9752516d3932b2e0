import { t, type Elysia } from "elysia";
import { Id } from "../contract/text.ts";
import { GpuStatus, Info, Mode, ServiceStatus, SystemStatus } from "../contract/system.ts";
import { Boot } from "../contract/boot.ts";
import { health } from "./gate/health.ts";
import { gives } from "./openapi/gives.ts";
import { takes } from "./input/takes.ts";
import { IdParams } from "./http/params.ts";

export interface SystemDeps {
  info(): Info;
  /** `fresh`: of a look that begins now, however long that takes. */
  status(fresh?: boolean): Promise<SystemStatus>;
  boot(): Promise<Boot>;
  /** Remembers the mode and makes its backends ready. */
  chooseMode(mode: Mode): Promise<void>;
  /** Stops or restarts a tool that Isengard looks after. */
  stopService(name: string): Promise<void>;
  startService(name: string): Promise<void>;
  /** Throws while nvidia-smi shows that this GPU is not well. */
  resumeGpu(id: string): Promise<GpuStatus>;
}

const tags = ["system"];
/** `fresh`: look at the tools now, instead of telling what was found half a minute ago. */
const StatusQuery = t.Object({ fresh: t.Optional(t.Boolean()) });
const NameParams = t.Object({ name: Id });
const Done = t.Object({ ok: t.Boolean() });
const Health = t.Object({ status: t.Literal("healthy"), instance: t.String() });
const Readiness = t.Object({
  status: t.Union([t.Literal("ready"), t.Literal("degraded")]), mode: t.Union([Mode, t.Null()]), problems: t.Array(t.String()),
  services: t.Array(ServiceStatus),
});
const healthHook = { ...takes({}), ...gives({ 200: Health }), detail: { summary: "The server runs and has its data", tags } };
const readyHook = {
  ...takes({}), ...gives({ 200: Readiness, 503: Readiness }), detail: { summary: "Whether work can be done; 503 with the reasons where not", tags },
};

/** Health for machines, status for people. */
export function systemApi(deps: SystemDeps) {
  return (http: Elysia) => http
    .get("/health", health, healthHook)
    .get("/api/health", health, healthHook)
    .get("/ready", async ({ set }) => readiness(await deps.status(), deps.info().mode, set), readyHook)
    .get("/api/ready", async ({ set }) => readiness(await deps.status(), deps.info().mode, set), readyHook)
    .get("/api/info", () => deps.info(), { ...takes({}), ...gives({ 200: Info }), detail: { summary: "What this Isengard can do", tags } })
    .get("/api/status", ({ query }) => deps.status(query.fresh ?? false), {
      ...takes({ query: StatusQuery }), ...gives({ 200: SystemStatus }), detail: { summary: "How this machine and its tools are", tags },
    })
    .get("/api/boot", () => deps.boot(), { ...takes({}), ...gives({ 200: Boot }), detail: { summary: "All that the first page shows", tags } })
    .post("/api/mode", async ({ body }) => {
      await deps.chooseMode(body.mode);
      return deps.info();
    }, { ...takes({ body: t.Object({ mode: Mode }) }), ...gives({ 200: Info }), detail: { summary: "Choose the mode", tags } })
    .post("/api/gpus/:id/resume", ({ params }) => deps.resumeGpu(params.id), {
      ...takes({ params: IdParams }), ...gives({ 200: GpuStatus }),
      detail: { summary: "Use a GPU again on which a job met a fault", tags },
    })
    .post("/api/services/:name/stop", async ({ params }) => {
      await deps.stopService(params.name);
      return { ok: true };
    }, { ...takes({ params: NameParams }), ...gives({ 200: Done }), detail: { summary: "Stop a tool", tags } })
    .post("/api/services/:name/start", async ({ params }) => {
      await deps.startService(params.name);
      return { ok: true };
    }, { ...takes({ params: NameParams }), ...gives({ 200: Done }), detail: { summary: "Start a tool, or start it again", tags } });
}

/** 200 when work can be done, 503 with the reasons when not. */
function readiness(status: SystemStatus, mode: Mode | null, set: { status?: number | string }): typeof Readiness.static {
  const problems = status.checks.filter((check) => check.state === "error").map((check) => `${check.label}: ${check.detail}`);
  if (mode === null) problems.push("The mode is not chosen yet.");
  const isReady = problems.length === 0;
  if (!isReady) set.status = 503;
  return { status: isReady ? "ready" : "degraded", mode, problems, services: status.services };
}
