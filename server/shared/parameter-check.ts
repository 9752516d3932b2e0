/** What a parameter allows. The page, the API and the queue all ask here, so that a form never says yes to what is then refused. */
export interface ParameterRange {
  readonly type: "int" | "float" | "enum" | "bool" | "string" | "stringList" | "intList";
  readonly min?: number;
  readonly max?: number;
  readonly step?: number;
  readonly options?: ReadonlyArray<{ readonly value: string | number }>;
  readonly maxLength?: number;
}

const longestList = 100;
const longestText = 2000;
/** A value may lie this far beside the grid of its step: decimals are not exact. */
const gridTolerance = 1e-6;

/** What is wrong with a value, as a sentence for a person; empty: nothing. */
export function parameterProblem(range: ParameterRange, value: unknown): string {
  switch (range.type) {
    case "int":
    case "float":
      return problemOfNumber(range, value, range.type === "int");
    case "bool":
      return typeof value === "boolean" ? "" : "Choose yes or no (true or false).";
    case "enum":
      return problemOfOption(range, value);
    case "string":
      return problemOfText(range, value);
    case "stringList":
      return problemOfList(value, (item) => problemOfEntry(range, item));
    case "intList":
      return problemOfSizes(range, value);
  }
}

function problemOfNumber(range: ParameterRange, value: unknown, isWhole: boolean): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return "Enter a number.";
  if (isWhole && !Number.isSafeInteger(value)) return "Enter a whole number.";
  if (range.min !== undefined && value < range.min) return `Choose ${range.min} or more.`;
  if (range.max !== undefined && value > range.max) return `Choose ${range.max} or less.`;
  // Only whole numbers are held to their grid: the step of a decimal is how the form counts, not a limit of the engine.
  return isWhole && range.step !== undefined && range.step > 0 ? problemOfGrid(range, value, range.step) : "";
}

function problemOfGrid({ min = 0, max = Infinity }: ParameterRange, value: number, step: number): string {
  const steps = (value - min) / step;
  if (Math.abs(steps - Math.round(steps)) <= gridTolerance) return "";
  const below = min + Math.floor(steps) * step;
  return below + step > max ? `Choose ${below}.` : `Choose ${below} or ${below + step}.`;
}

function problemOfText(range: ParameterRange, value: unknown): string {
  if (typeof value !== "string") return "Enter a text.";
  const limit = range.maxLength ?? longestText;
  if (value.length > limit) return `Use at most ${limit} characters.`;
  return value.includes("\0") ? "Remove the character that cannot be used." : "";
}

function problemOfEntry(range: ParameterRange, item: unknown): string {
  if (typeof item === "string" && item.trim() === "") return "Write something, or remove it.";
  return problemOfText(range, item) || problemOfOption(range, item);
}

function problemOfOption(range: ParameterRange, value: unknown): string {
  if (range.options === undefined || range.options.some((option) => option.value === value)) return "";
  return `Choose one of ${range.options.map((option) => option.value).join(", ")}.`;
}

/** A list without numbers would leave nothing to work with, and a number twice would count double. */
function problemOfSizes(range: ParameterRange, value: unknown): string {
  const problem = problemOfList(value, (item) => problemOfNumber(range, item, true) || problemOfOption(range, item));
  if (problem !== "" || !Array.isArray(value)) return problem;
  if (value.length === 0) return "Choose at least one.";
  return new Set(value).size < value.length ? "Choose each only once." : "";
}

function problemOfList(value: unknown, ofItem: (item: unknown) => string): string {
  if (!Array.isArray(value)) return "Send a list.";
  if (value.length > longestList) return `Use at most ${longestList} entries.`;
  for (const [index, item] of value.entries()) {
    const problem = ofItem(item);
    if (problem !== "") return `Entry ${index + 1}: ${problem}`;
  }
  return "";
}
