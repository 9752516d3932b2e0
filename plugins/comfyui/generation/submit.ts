import type { Failure } from "../../../server/contract/job.ts";
import { ComfyUnreachable, type ComfyClient, type PromptRequest } from "../protocol/client.ts";
import { failure, refusalFailure } from "../failures/failures.ts";
import type { GenerationLimits } from "./limits.ts";

/**
 * Where a prompt is. The queue is asked first and the history second, because a prompt only moves in that direction:
 * asked the other way round it could slip through between the two.
 */
export async function locate(client: ComfyClient, promptId: string): Promise<"pending" | "running" | "ended" | "absent"> {
  const queue = await client.queue();
  if (queue.running.includes(promptId)) return "running";
  if (queue.pending.includes(promptId)) return "pending";
  return (await client.history(promptId)) === null ? "absent" : "ended";
}

export type Submitted = { readonly kind: "submitted" } | { readonly kind: "refused"; readonly failure: Failure };

const retryPauseMs = 500;

/**
 * Posts a prompt whose id was made durable before. When the answer is lost, the prompt is looked up before it is posted
 * again, since ComfyUI would run it twice. Throws ComfyUnreachable when neither tells what happened.
 */
export async function submit(client: ComfyClient, request: PromptRequest, limits: GenerationLimits): Promise<Submitted> {
  try {
    return await post(client, request);
  } catch (error) {
    if (!(error instanceof ComfyUnreachable)) throw error;
    if (await appears(client, request.promptId, limits.lookupMs)) return { kind: "submitted" };
    return post(client, request);
  }
}

/** One of several outputs can be dropped with a 200 (ComfyUI 0.33.0, `execution.py`). We ask for one picture, so that is a failure too. */
async function post(client: ComfyClient, request: PromptRequest): Promise<Submitted> {
  const answer = await client.post(request);
  if (answer.kind === "refused") return { kind: "refused", failure: refusalFailure(answer.body) };
  if (!answer.partlyRefused) return { kind: "submitted" };
  await client.cancel(request.promptId);
  return { kind: "refused", failure: refusalFailure(answer.body) };
}

async function appears(client: ComfyClient, promptId: string, limitMs: number): Promise<boolean> {
  const end = performance.now() + limitMs;
  let answered = false;
  do {
    try {
      if ((await locate(client, promptId)) !== "absent") return true;
      answered = true;
    } catch (error) {
      if (!(error instanceof ComfyUnreachable)) throw error;
    }
    await Bun.sleep(retryPauseMs);
  } while (performance.now() < end);
  if (!answered) throw new ComfyUnreachable("ComfyUI stopped answering while a picture was submitted.");
  return false;
}

export function gaveUp(tries: number): Failure {
  return failure("engine", "The picture could not be made.", `ComfyUI lost it ${tries} times: it stopped or was restarted each time.`,
    "The machine probably ran out of memory. Choose a smaller size or an fp8 version of the model, and look at the ComfyUI log.");
}
