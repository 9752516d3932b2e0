import type { ParameterSpec, TrainingCapabilities } from "../../../server/contract/backend.ts";

/** The parameter that holds the prompts of the test pictures; it gets its own editor. */
export function promptsSpec(training: TrainingCapabilities): ParameterSpec | undefined {
  return training.parameters.find((spec) => spec.supported && spec.type === "stringList" && /prompt/i.test(spec.name));
}

/** The place of the trigger word in a test prompt, in the two spellings that people know. */
const placeholder = /\[trigger\]|\{trigger\}/gi;

export function fillTrigger(prompt: string, triggerWord: string): { text: string; hasTrigger: boolean } {
  const text = prompt.replace(placeholder, triggerWord);
  return { text, hasTrigger: triggerWord !== "" && holdsWord(text, triggerWord) };
}

/** As a word of its own, as the server looks for it: “ron” is not in “front”. */
function holdsWord(text: string, word: string): boolean {
  const escaped = word.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return new RegExp(`(?<![\\p{L}\\p{N}_-])${escaped}(?![\\p{L}\\p{N}_-])`, "iu").test(text);
}
