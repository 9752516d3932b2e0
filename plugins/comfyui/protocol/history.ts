import { isRecord, listOf, recordOf, textOf } from "./json.ts";

/** A file as ComfyUI names it. Names are relative to one of its three folders; they are never used unchecked. */
export interface OutputFile {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: string;
}

/** The parts of a runtime error that may be used. `current_inputs` and tracebacks are left out on purpose. */
export interface RunError {
  readonly nodeType: string;
  readonly exceptionType: string;
  readonly message: string;
}

/** How a prompt ended according to `/history`, the only truth. Files may be there although it failed. */
export type PromptEnd =
  | { readonly kind: "succeeded"; readonly files: readonly OutputFile[] }
  | { readonly kind: "failed"; readonly files: readonly OutputFile[]; readonly error: RunError }
  | { readonly kind: "interrupted"; readonly files: readonly OutputFile[] };

/** null: the answer says nothing about this prompt, which is no proof of anything: unknown, waiting and running look alike. */
export function parseHistory(answer: unknown, promptId: string): PromptEnd | null {
  const entry = recordOf(answer)[promptId];
  if (!isRecord(entry)) return null;
  const files = outputFiles(entry["outputs"]);
  const status = recordOf(entry["status"]);
  if (status["status_str"] === "success") return { kind: "succeeded", files };
  const messages = listOf(status["messages"]).map(listOf);
  if (messages.some(([type]) => type === "execution_interrupted")) return { kind: "interrupted", files };
  const error = messages.find(([type]) => type === "execution_error");
  return { kind: "failed", files, error: runError(recordOf(error?.[1])) };
}

function runError(data: Readonly<Record<string, unknown>>): RunError {
  return {
    nodeType: textOf(data["node_type"]),
    exceptionType: textOf(data["exception_type"]),
    message: textOf(data["exception_message"]).trim(),
  };
}

/** Every list of files under any key of any node: packs use other keys than `images`. */
function outputFiles(outputs: unknown): OutputFile[] {
  const found: OutputFile[] = [];
  for (const node of Object.values(recordOf(outputs))) {
    for (const list of Object.values(recordOf(node))) {
      for (const item of listOf(list)) {
        const file = recordOf(item);
        const filename = textOf(file["filename"]);
        if (filename) found.push({ filename, subfolder: textOf(file["subfolder"]), type: textOf(file["type"], "output") });
      }
    }
  }
  return found;
}

export interface QueueIds {
  readonly running: readonly string[];
  readonly pending: readonly string[];
}

export function parseQueue(answer: unknown): QueueIds {
  const ids = (items: unknown) => listOf(items).map((item) => textOf(listOf(item)[1])).filter(Boolean);
  const queue = recordOf(answer);
  return { running: ids(queue["queue_running"]), pending: ids(queue["queue_pending"]) };
}
