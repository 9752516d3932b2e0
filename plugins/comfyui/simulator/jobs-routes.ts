import { parseJson, recordOf, textsOf } from "../protocol/json.ts";
import type { HistoryEntry, PromptQueue } from "./queue.ts";

/** The jobs API of 0.6 and, for cancelling, 0.26, as its `openapi.yaml` describes it. */
export async function jobsRoute(queue: PromptQueue, request: Request, path: string): Promise<Response> {
  const [id, action] = path.split("/").slice(3);
  if (request.method === "GET" && !id) return Response.json(list(queue));
  if (request.method === "GET" && id && !action) {
    const status = statusOf(queue, id);
    return status ? Response.json(describe(queue, id, status)) : Response.json({ error: "Job not found" }, { status: 404 });
  }
  if (request.method !== "POST") return new Response(null, { status: 405 });
  if (action === "cancel" && id) return Response.json({ cancelled: cancel(queue, [id]) });
  if (id === "cancel") return Response.json({ cancelled: cancel(queue, textsOf(recordOf(parseJson(await request.text()))["job_ids"])) });
  return new Response("404: Not Found", { status: 404 });
}

function cancel(queue: PromptQueue, ids: readonly string[]): boolean {
  const removed = queue.remove(ids);
  const interrupted = ids.filter((id) => queue.ids().running.includes(id)).map((id) => queue.interrupt(id)).some(Boolean);
  return removed || interrupted;
}

function list(queue: PromptQueue): unknown {
  const { running, pending, ended } = queue.ids();
  const jobs = [...running, ...pending, ...ended].map((id) => describe(queue, id, statusOf(queue, id) ?? "failed"));
  return { jobs, pagination: { offset: 0, limit: jobs.length, total: jobs.length, has_more: false } };
}

function statusOf(queue: PromptQueue, id: string): string | null {
  const { running, pending } = queue.ids();
  if (running.includes(id)) return "in_progress";
  if (pending.includes(id)) return "pending";
  const entry = queue.entry(id);
  return entry ? endOf(entry) : null;
}

function endOf({ status }: HistoryEntry): string {
  if (status.completed) return "completed";
  return status.messages.some(([type]) => type === "execution_interrupted") ? "cancelled" : "failed";
}

function describe(queue: PromptQueue, id: string, status: string): unknown {
  const outputs = queue.entry(id)?.outputs ?? {};
  return { id, status, priority: 0, outputs_count: Object.keys(outputs).length, ...(Object.keys(outputs).length > 0 ? { outputs } : {}) };
}
