import { listOf, numberOf, parseJson, recordOf, textOf, textsOf } from "./json.ts";

/**
 * What ComfyUI says on the socket, as far as we use it. It is a hint for progress only: events are lost on every
 * reconnect, so nothing here may end a job. Source: ComfyUI 0.33.0, `server.py` and `execution.py`, and the recordings.
 */
export type ComfyEvent =
  | { readonly kind: "status"; readonly queueRemaining: number }
  | { readonly kind: "features"; readonly flags: Readonly<Record<string, unknown>> }
  | { readonly kind: "started"; readonly promptId: string }
  | { readonly kind: "cached"; readonly promptId: string; readonly nodes: readonly string[] }
  /** `node` null: nothing of this prompt runs any more and its history is readable. */
  | { readonly kind: "executing"; readonly promptId: string | null; readonly node: string | null }
  | { readonly kind: "progress"; readonly promptId: string; readonly node: string; readonly value: number; readonly max: number }
  | { readonly kind: "table"; readonly promptId: string; readonly nodes: readonly NodeProgress[] }
  | { readonly kind: "executed"; readonly promptId: string; readonly node: string }
  | { readonly kind: "ended"; readonly promptId: string; readonly how: "succeeded" | "failed" | "interrupted" }
  | { readonly kind: "preview"; readonly promptId: string | null; readonly mediaType: string; readonly bytes: Uint8Array }
  | { readonly kind: "unknown"; readonly type: string };

export interface NodeProgress {
  readonly node: string;
  readonly value: number;
  readonly max: number;
  readonly finished: boolean;
}

const endings = {
  execution_success: "succeeded",
  execution_error: "failed",
  execution_interrupted: "interrupted",
} as const;

export function parseTextFrame(text: string): ComfyEvent {
  const message = recordOf(parseJson(text));
  const type = textOf(message["type"]);
  const data = recordOf(message["data"]);
  const promptId = textOf(data["prompt_id"]);
  switch (type) {
    case "status":
      return { kind: "status", queueRemaining: numberOf(recordOf(recordOf(data["status"])["exec_info"])["queue_remaining"]) ?? 0 };
    case "feature_flags":
      return { kind: "features", flags: data };
    case "execution_start":
      return { kind: "started", promptId };
    case "execution_cached":
      return { kind: "cached", promptId, nodes: textsOf(data["nodes"]) };
    case "executing":
      return { kind: "executing", promptId: promptId || null, node: textOf(data["node"]) || null };
    case "progress":
      return { kind: "progress", promptId, node: textOf(data["node"]), value: numberOf(data["value"]) ?? 0, max: numberOf(data["max"]) ?? 0 };
    case "progress_state":
      return { kind: "table", promptId, nodes: Object.entries(recordOf(data["nodes"])).map(([node, row]) => nodeProgress(node, row)) };
    case "executed":
      return { kind: "executed", promptId, node: textOf(data["node"]) };
    case "execution_success":
    case "execution_error":
    case "execution_interrupted":
      return { kind: "ended", promptId, how: endings[type] };
    default:
      return { kind: "unknown", type: type.slice(0, 60) };
  }
}

function nodeProgress(node: string, row: unknown): NodeProgress {
  const fields = recordOf(row);
  return {
    node,
    value: numberOf(fields["value"]) ?? 0,
    max: numberOf(fields["max"]) ?? 0,
    finished: fields["state"] === "finished",
  };
}

/** Frames start with a big-endian type: 1 is a bare preview, 4 a preview with metadata; others are of no use to us. */
export function parseBinaryFrame(frame: Uint8Array): ComfyEvent {
  const unknown: ComfyEvent = { kind: "unknown", type: "binary" };
  if (frame.byteLength < 8) return unknown;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const type = view.getUint32(0);
  const second = view.getUint32(4);
  if (type === 1) return previewOf(frame.subarray(8), null);
  if (type !== 4 || 8 + second > frame.byteLength) return unknown;
  const metadata = recordOf(parseJson(new TextDecoder().decode(frame.subarray(8, 8 + second))));
  return previewOf(frame.subarray(8 + second), textOf(metadata["prompt_id"]) || null);
}

/** The type is read from the picture itself; what the frame claims is not trusted. */
function previewOf(bytes: Uint8Array, promptId: string | null): ComfyEvent {
  const mediaType = pictureType(bytes);
  return mediaType === null ? { kind: "unknown", type: "binary" } : { kind: "preview", promptId, mediaType, bytes };
}

export function pictureType(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return "image/jpeg";
  const isPng = listOf([0x89, 0x50, 0x4e, 0x47]).every((value, index) => bytes[index] === value);
  return isPng ? "image/png" : null;
}
