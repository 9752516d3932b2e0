import type { Graph } from "../protocol/prompt-graph.ts";
import { parseHistory, parseQueue, type OutputFile, type PromptEnd, type QueueIds } from "./history.ts";
import { isRecord, listOf, parseJson, recordOf, textOf } from "./json.ts";
import { parseObjectInfo, type NodeClasses } from "./object-info.ts";

/** ComfyUI did not answer, or answered with something that is no answer: nothing is known about what it did. */
export class ComfyUnreachable extends Error {
  override readonly name = "ComfyUnreachable";
}

export type PostAnswer =
  | { readonly kind: "accepted"; readonly partlyRefused: boolean; readonly body: unknown }
  | { readonly kind: "refused"; readonly body: unknown };

export interface PromptRequest {
  readonly promptId: string;
  readonly clientId: string | null;
  readonly graph: Graph;
  readonly extraData: Readonly<Record<string, unknown>>;
}

/** Bun's WebSocket takes headers; the browser's type of the same name does not. */
const HeaderSocket = WebSocket as unknown as new (url: string, options: Bun.WebSocketOptions) => WebSocket;

/** How long ComfyUI may take to answer a question, and to take or give something large. */
const defaultLimits = { answerMs: 15_000, transferMs: 30_000 };
const jsonLimitBytes = 32 * 1024 * 1024;
const pictureLimitBytes = 256 * 1024 * 1024;

/** Speaks to one ComfyUI. Sends neither Origin nor Referer nor cookies, which ComfyUI may refuse (0.33.0, `server.py`: its check of the origin). */
export class ComfyClient {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** `url` may have a path prefix and `user:password@`. */
  constructor(url: string, private readonly limits = defaultLimits) {
    const parsed = new URL(url);
    const account = parsed.username ? `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}` : null;
    this.#headers = account ? { authorization: `Basic ${Buffer.from(account).toString("base64")}` } : {};
    this.#base = `${parsed.protocol}//${parsed.host}${parsed.pathname.replace(/\/+$/, "")}`;
  }

  /** A socket to the same address with the same account. The caller closes it. */
  openSocket(clientId: string): WebSocket {
    const url = `${this.#base.replace(/^http/, "ws")}/ws?clientId=${encodeURIComponent(clientId)}`;
    return new HeaderSocket(url, { headers: { ...this.#headers } });
  }

  async systemStats(): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.#json("/system_stats");
    if (!isRecord(answer) || !isRecord(answer["system"])) throw new ComfyUnreachable("What answers there is not ComfyUI.");
    return answer;
  }

  async nodeClasses(names: readonly string[]): Promise<NodeClasses> {
    const answers = await Promise.all(names.map((name) => this.#json(`/object_info/${encodeURIComponent(name)}`)));
    return new Map(answers.flatMap((answer) => [...parseObjectInfo(answer)]));
  }

  /** Files of a folder of `models` with their sizes in bytes, as records. */
  async modelFiles(folder: string): Promise<readonly unknown[]> {
    return listOf(await this.#json(`/experiment/models/${encodeURIComponent(folder)}`));
  }

  /** A 400 is an answer; anything else that is not 200 tells nothing about whether the prompt was taken. */
  async post(request: PromptRequest): Promise<PostAnswer> {
    const response = await this.#send("/prompt", {
      prompt: request.graph, prompt_id: request.promptId, extra_data: request.extraData,
      ...(request.clientId === null ? {} : { client_id: request.clientId }),
    }, this.limits.transferMs);
    const body = parseJson(await boundedText(response));
    if (response.status === 400 && isRecord(body)) return { kind: "refused", body };
    if (response.status !== 200 || !isRecord(body)) throw new ComfyUnreachable(`ComfyUI answered the request with status ${response.status}.`);
    return { kind: "accepted", partlyRefused: Object.keys(recordOf(body["node_errors"])).length > 0, body };
  }

  async history(promptId: string): Promise<PromptEnd | null> {
    return parseHistory(await this.#json(`/history/${encodeURIComponent(promptId)}`), promptId);
  }

  async queue(): Promise<QueueIds> {
    return parseQueue(await this.#json("/queue"));
  }

  /**
   * Removes a waiting prompt and interrupts it if it runs; never touches another one. The jobs API does both at once
   * where it exists (0.26); before that both calls are needed, in this order, and both are no-ops for other ids.
   */
  async cancel(promptId: string): Promise<void> {
    const response = await this.#send(`/api/jobs/${encodeURIComponent(promptId)}/cancel`, {}, this.limits.answerMs);
    const body = parseJson(await boundedText(response));
    if (response.status === 200 && recordOf(body)["cancelled"] === true) return;
    await this.#command("/queue", { delete: [promptId] });
    await this.#command("/interrupt", { prompt_id: promptId });
  }

  async free(): Promise<void> {
    await this.#command("/free", { unload_models: true, free_memory: true });
  }

  async features(): Promise<Readonly<Record<string, unknown>>> {
    return recordOf(await this.#json("/features"));
  }

  /** The last lines of its log (a ring of 300) with their times; an empty list where the route is gone. */
  async logEntries(): Promise<ReadonlyArray<{ time: string; text: string }>> {
    const answer = await this.#json("/internal/logs/raw");
    return listOf(recordOf(answer)["entries"]).map((entry) => ({ time: textOf(recordOf(entry)["t"]), text: textOf(recordOf(entry)["m"]) }));
  }

  /** null: the file is not there. */
  async view(file: OutputFile): Promise<Uint8Array | null> {
    const query = new URLSearchParams({ filename: file.filename, subfolder: file.subfolder, type: file.type });
    const response = await this.#fetch(`/view?${query.toString()}`, { signal: AbortSignal.timeout(this.limits.transferMs) });
    if (response.status === 404) return null;
    if (response.status !== 200) throw new ComfyUnreachable(`ComfyUI answered the download with status ${response.status}.`);
    return boundedBytes(response, pictureLimitBytes);
  }

  /** Returns the name that ComfyUI chose, which may differ from the one asked for: other bytes under a known name get a number. */
  async upload(name: string, bytes: Uint8Array): Promise<OutputFile> {
    const form = new FormData();
    form.set("image", new Blob([Uint8Array.from(bytes)]), name);
    form.set("type", "input");
    form.set("subfolder", "isengard");
    form.set("overwrite", "true");
    const response = await this.#fetch("/upload/image", { method: "POST", body: form, signal: AbortSignal.timeout(this.limits.transferMs) });
    const body = recordOf(parseJson(await boundedText(response)));
    if (response.status !== 200) throw new ComfyUnreachable(`ComfyUI answered the upload with status ${response.status}.`);
    return { filename: textOf(body["name"]), subfolder: textOf(body["subfolder"]), type: textOf(body["type"], "input") };
  }

  async #json(path: string): Promise<unknown> {
    const response = await this.#fetch(path, { signal: AbortSignal.timeout(this.limits.answerMs) });
    const text = await boundedText(response);
    if (response.status !== 200) throw new ComfyUnreachable(`ComfyUI answered ${path.split("?")[0]} with status ${response.status}.`);
    const value = parseJson(text);
    if (value === null) throw new ComfyUnreachable(`ComfyUI's answer to ${path.split("?")[0]} is no JSON.`);
    return value;
  }

  async #command(path: string, body: unknown): Promise<void> {
    const response = await this.#send(path, body, this.limits.answerMs);
    await boundedText(response);
    if (response.status !== 200) throw new ComfyUnreachable(`ComfyUI answered ${path} with status ${response.status}.`);
  }

  #send(path: string, body: unknown, limitMs: number): Promise<Response> {
    return this.#fetch(path, {
      method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" }, signal: AbortSignal.timeout(limitMs),
    });
  }

  async #fetch(path: string, init: RequestInit & { signal: AbortSignal }): Promise<Response> {
    try {
      const headers = { ...this.#headers, ...recordOf(init.headers) as Record<string, string> };
      return await fetch(this.#base + path, { ...init, headers, redirect: "error", signal: init.signal });
    } catch (cause) {
      throw new ComfyUnreachable(`ComfyUI does not answer: ${reasonOf(cause)}`, { cause });
    }
  }
}

/** The two usual reasons in our words; the runtime's own ones are for programmers. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause.name === "TimeoutError") return "it took too long.";
  return "code" in cause && (cause.code === "ConnectionRefused" || cause.code === "ECONNREFUSED") ? "nothing listens at its address." : cause.message;
}

async function boundedText(response: Response): Promise<string> {
  return new TextDecoder().decode(await boundedBytes(response, jsonLimitBytes));
}

async function boundedBytes(response: Response, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > limit) throw new ComfyUnreachable(`ComfyUI's answer is larger than ${limit} bytes.`);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof ComfyUnreachable) throw cause;
    throw new ComfyUnreachable("ComfyUI's answer broke off.", { cause });
  }
  return Buffer.concat(chunks);
}
