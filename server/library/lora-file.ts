import { statSync } from "node:fs";
import { readSafetensorsInTurns } from "../formats/safetensors.ts";
import { lookAtValues, type ValuesFound } from "../formats/tensor-values.ts";

/** What is wrong with the file of a LoRA. `changes_nothing`: it can be loaded and does no harm. */
export interface LoraFault {
  readonly kind: "not_a_lora" | "not_a_number" | "changes_nothing";
  /** Finishes the sentence "The file …". */
  readonly why: string;
  readonly fix: string;
}

/** Files that were looked at; a LoRA has some hundred megabytes, and the same few are used again and again. */
const remembered = 200;
const known = new Map<string, LoraFault | null>();
const trainAgain = "Train again with half the learning rate, or use a checkpoint from before the loss broke down.";

/**
 * Looks at the file as its loader does, and once at all its values. Throws the system's error where the disk does not
 * give the bytes; a file that is not there is a fault.
 */
export async function loraFault(path: string): Promise<LoraFault | null> {
  const facts = statSync(path, { throwIfNoEntry: false, bigint: true });
  const key = `${path} ${facts?.ino} ${facts?.size} ${facts?.mtimeNs}`;
  const earlier = facts === undefined ? undefined : known.get(key);
  if (earlier !== undefined) return earlier;
  const fault = await look(path);
  if (facts !== undefined) known.set(key, fault);
  if (known.size > remembered) known.delete(known.keys().next().value!);
  return fault;
}

async function look(path: string): Promise<LoraFault | null> {
  const result = await readSafetensorsInTurns(path);
  if (result.kind === "invalid") {
    if (result.cause !== undefined) throw result.cause;
    return { kind: "not_a_lora", why: result.why, fix: result.fix };
  }
  if (result.header.tensors.size === 0) return { kind: "not_a_lora", why: "has no tensors", fix: "Start the training again; if it stays, look at the training's log." };
  return faultOf(await lookAtValues(path, result.header));
}

function faultOf(found: ValuesFound): LoraFault | null {
  switch (found.kind) {
    case "sound": return null;
    case "all_zero": return { kind: "changes_nothing", why: "has only zeros where its values should be, so it changes nothing", fix: trainAgain };
    case "not_a_number": {
      const count = `${found.count.toLocaleString("en")} of ${found.of.toLocaleString("en")}`;
      return { kind: "not_a_number", why: `has values that are no numbers (${count} in ${found.tensor.slice(0, 80)}), and would make every picture black`, fix: trainAgain };
    }
  }
}
