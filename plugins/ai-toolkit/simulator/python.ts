/** An exception of the simulated program: `type` is the Python class as a traceback names it. */
export class PythonError extends Error {
  readonly type: string;
  /** Tracebacks of what was raised before, oldest first. */
  readonly chain: readonly string[];

  constructor(type: string, message: string, chain: readonly string[] = []) {
    super(message);
    this.type = type;
    this.chain = chain;
  }
}

/** The user's interrupt, as Python's KeyboardInterrupt. */
export class Interrupted extends Error {}

/** As `json.dumps(value, indent=4)`. */
export function dumpJson(value: unknown): string {
  return JSON.stringify(value, null, 4).replace(/[\u0080-\uffff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** As the toolkit writes `config.yaml`: PyYAML with ordered dictionaries as Python objects. */
export function dumpYaml(value: unknown): string {
  return `${node(value, 0, "")}\n`;
}

function node(value: unknown, indent: number, prefix: string): string {
  if (Array.isArray(value)) return list(value, indent);
  if (typeof value === "object" && value !== null) return dictionary(Object.entries(value), indent, prefix);
  return scalar(value);
}

/** Every entry is a list of key and value inside one list inside the object's arguments. */
function dictionary(entries: Array<[string, unknown]>, indent: number, prefix: string): string {
  const tag = `${prefix}!!python/object/apply:collections.OrderedDict`;
  const pad = " ".repeat(indent);
  if (entries.length === 0) return `${tag}\n${pad}- []`;
  const lines = entries.map(([key, value], index) => {
    const lead = index === 0 ? `${pad}- - - ` : `${pad}  - - `;
    return `${lead}${scalar(key)}\n${pad}    - ${node(value, indent + 6, "")}`;
  });
  return `${tag}\n${lines.join("\n")}`;
}

function list(values: readonly unknown[], indent: number): string {
  if (values.length === 0) return "[]";
  return values.map((value, index) => `${index === 0 ? "" : " ".repeat(indent)}- ${node(value, indent + 2, "")}`).join("\n");
}

function scalar(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value !== "string") return String(value);
  if (value === "") return "''";
  const special = /^\[|^(?:true|false|null|yes|no|on|off|[\d.]+)$/i.test(value);
  const plain = /^[A-Za-z0-9_/.[][^:#\n'"]*$/.test(value) && !special && value.trim() === value;
  return plain ? value : /[\n\u0080-\uffff]/.test(value) ? JSON.stringify(value) : `'${value.replaceAll("'", "''")}'`;
}
