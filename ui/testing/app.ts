import type { Boot } from "../../server/contract/boot.ts";
import type { Character } from "../../server/contract/character.ts";
import type { Job } from "../../server/contract/job.ts";
import { createApi, type Api } from "../api.ts";
import { createAppModel, type AppModel } from "../models/app/AppModel.ts";
import { createRouter } from "../router.ts";
import type { SocketLike } from "../socket.ts";

/** A machine about which nothing is known yet. */
export function testBoot(change: Partial<Boot> = {}): Boot {
  return {
    info: {
      name: "isengard", version: "0.1.0", build: "b1", mode: "fast-test", modeFixed: null, training: null, image: null,
      video: { backend: "none", supported: false, reason: "" },
    },
    characters: [],
    jobs: [],
    loras: [],
    status: {
      gpu: { state: "unknown", reason: "", gpus: [], checkedAt: null },
      services: [],
      checks: [],
      obstacles: { training: [], generation: [] },
      disk: { freeBytes: 5e11, totalBytes: 1e12, path: "/data" },
      memory: { totalBytes: 1e10, freeBytes: 5e9, processBytes: 1e8 },
      os: "Linux",
      uptimeSeconds: 1,
    },
    epoch: "e1",
    seq: 1,
    build: "b1",
    simulated: true,
    keepSeconds: 20,
    ...change,
  };
}

export function testCharacter(change: Partial<Character> = {}): Character {
  return {
    id: "chr-1", name: "Ada", description: "", triggerWord: "adalov7", photoCount: 12, coverPhotoId: null, loraCount: 0, pictureCount: 0,
    latestLoraId: null, activeJobId: null, createdAt: "2026-11-21T10:00:00.000Z", updatedAt: "2026-11-21T10:00:00.000Z",
    ...change,
  };
}

export function testJob(change: Partial<Job> = {}): Job {
  return {
    id: "job-1", kind: "training", state: "running", title: "Training Ada", characterId: "chr-1", backend: "ai-toolkit", attempt: 1,
    correlationId: "cor-1", revision: 0, simulated: false, request: {}, waiting: null, progress: null, failure: null, warnings: [], results: [],
    createdAt: "2026-11-21T10:00:00.000Z", startedAt: null, finishedAt: null,
    ...change,
  };
}

/** A socket that does nothing until the test makes it. */
export class QuietSocket implements SocketLike {
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  sent: string[] = [];
  constructor(readonly query: string) {}
  send(data: string): void {
    this.sent.push(data);
  }
  close(): void {
    this.onclose?.(new Event("close") as CloseEvent);
  }
  say(message: unknown): void {
    this.onmessage?.(new MessageEvent("message", { data: JSON.stringify(message) }));
  }
}

export interface TestApp {
  app: AppModel;
  /** All requests that were made, as "METHOD /path". */
  requests: string[];
  sockets: QuietSocket[];
  dispose(): void;
}

/** Answers every list with nothing in it. */
export function emptyServer(_method: string, path: string): unknown {
  const { pathname } = new URL(path, "http://page");
  if (pathname.endsWith("/logs/view")) return { entries: [], total: 0, lastLine: 0, hasMore: false };
  if (pathname === "/api/settings") return { rows: [], hfTokenSet: false, tunnelCommand: "" };
  if (pathname.endsWith("/artifacts")) return { artifacts: [] };
  if (pathname.endsWith("/images")) return { images: [], count: 0 };
  if (pathname === "/api/outputs") return { outputs: [], next: null };
  if (pathname === "/api/queue/failures") return { days: 30, total: 0, unknown: 0, classes: [], notUnderstood: [] };
  if (pathname === "/api/loras") return { loras: [] };
  if (pathname === "/api/training/estimate") return { writesBytes: null, downloadBytes: 0, refusal: null };
  if (pathname === "/api/boot") return testBoot();
  return {};
}

/** The whole page model over a server that is one function. */
export function createTestApp(answer: (method: string, path: string, body: unknown) => unknown = emptyServer, boot: Partial<Boot> = {}): TestApp {
  const requests: string[] = [];
  const sockets: QuietSocket[] = [];
  localStorage.clear();
  const api: Api = createApi({
    fetch: async (path, init) => {
      requests.push(`${init.method} ${path}`);
      const result = answer(init.method ?? "GET", path, typeof init.body === "string" ? JSON.parse(init.body) : init.body);
      return result instanceof Response ? result : Response.json(result ?? {});
    },
  });
  const router = createRouter(window);
  const connect = (query: string) => {
    const socket = new QuietSocket(query);
    sockets.push(socket);
    return socket;
  };
  const app = createAppModel({ boot: testBoot(boot), api, router, connect, store: localStorage });
  return {
    app,
    requests,
    sockets,
    dispose() {
      app.dispose();
      router.dispose();
    },
  };
}
