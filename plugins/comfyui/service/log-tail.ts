import type { ComfyClient } from "../protocol/client.ts";

const lines = 30;

/** What ComfyUI said last, for a failure whose cause is not in the answer of its API alone. Empty where it tells nothing. */
export async function lastLines(client: Pick<ComfyClient, "logEntries">): Promise<string[]> {
  try {
    const said = (await client.logEntries()).flatMap(({ text }) => Bun.stripANSI(text).split(/\r?\n/));
    return said.map((line) => line.trimEnd()).filter((line) => line !== "").slice(-lines);
  } catch {
    return []; // the route is internal to ComfyUI and may vanish; the failure is told without it
  }
}
