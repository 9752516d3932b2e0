import type { Api } from "./api.ts";

/** Errors of one page that are sent to the server's log; more say nothing new. */
const maxReports = 50;
const batchMs = 1000;

/** Sends errors that nobody caught to the server, so that one log tells the whole story. */
export function reportErrors(api: Api): () => void {
  let sent = 0;
  let waiting: Array<Record<string, unknown>> = [];
  const flush = () => {
    const entries = waiting;
    waiting = [];
    // A report that cannot be sent is given up: reporting that would go round in a circle.
    api.post("/api/client-logs", { entries }).catch(() => undefined);
  };
  const add = (message: string, stack: string) => {
    if (sent >= maxReports) return;
    sent += 1;
    if (waiting.length === 0) setTimeout(flush, batchMs);
    waiting.push({
      timestamp: new Date().toISOString(),
      level: "error",
      event: "page.error",
      message: message.slice(0, 1000),
      context: { page: location.pathname, stack: stack.slice(0, 4000) },
    });
  };
  const onError = (event: ErrorEvent) => add(event.message, (event.error as Error | undefined)?.stack ?? "");
  const onRejection = (event: PromiseRejectionEvent) => {
    const reason = event.reason as Error | undefined;
    add(String(reason?.message ?? event.reason), reason?.stack ?? "");
  };
  addEventListener("error", onError);
  addEventListener("unhandledrejection", onRejection);
  return () => {
    removeEventListener("error", onError);
    removeEventListener("unhandledrejection", onRejection);
  };
}
