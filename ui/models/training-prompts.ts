import type { ParameterSpec, TrainingCapabilities } from "../../server/contract/backend.ts";

/** The parameter that holds the prompts of the test pictures; it gets its own editor. */
export function promptsSpec(training: TrainingCapabilities): ParameterSpec | undefined {
  return training.parameters.find((spec) => spec.supported && spec.type === "stringList" && /prompt/i.test(spec.name));
}

/** The place of the trigger word in a test prompt, in the two spellings that people know. */
const placeholder = /\[trigger\]|\{trigger\}/gi;

export function fillTrigger(prompt: string, triggerWord: string): { text: string; hasTrigger: boolean } {
  const text = prompt.replace(placeholder, triggerWord);
  return { text, hasTrigger: triggerWord !== "" && text.toLowerCase().includes(triggerWord.toLowerCase()) };
}
