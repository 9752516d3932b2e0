/** How long each step of a generation may take; tests shorten them. */
export interface GenerationLimits {
  /** Between two looks into the history while the socket tells progress, and without it. */
  readonly pollMs: number;
  readonly pollWithoutSocketMs: number;
  /** Between the two looks that make a prompt lost: a prompt is for a moment in neither of ComfyUI's lists. */
  readonly lostGapMs: number;
  /** After a failed POST: how long to look for the prompt before it is posted again. */
  readonly lookupMs: number;
  /** No answer at all while a prompt runs. */
  readonly unreachableMs: number;
  /** No event while a prompt runs: a step on a slow card stays far below. Longer while the socket is away. */
  readonly stallMs: number;
  readonly stallWithoutSocketMs: number;
  /** From a cancel until ComfyUI confirms it; then it is restarted. */
  readonly cancelMs: number;
  /** From a broken request until the end of the tool is known. */
  readonly goneMs: number;
  /** Times that one picture is begun before we give up. */
  readonly tries: number;
}

export const defaultLimits: GenerationLimits = {
  pollMs: 2_000,
  pollWithoutSocketMs: 500,
  lostGapMs: 2_000,
  lookupMs: 10_000,
  unreachableMs: 60_000,
  stallMs: 15 * 60_000,
  stallWithoutSocketMs: 60 * 60_000,
  cancelMs: 20_000,
  goneMs: 5_000,
  tries: 3,
};
