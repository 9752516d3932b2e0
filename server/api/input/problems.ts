import { AppError } from "../../base/errors.ts";

/** More would not help a person, and finding them all would let a request cost as much work as it likes. */
const mostProblems = 5;

/** What is wrong with a request, field by field, up to a handful. */
export class Problems {
  private readonly fields: Array<{ path: string; message: string }> = [];

  get isFull(): boolean {
    return this.fields.length >= mostProblems;
  }

  get count(): number {
    return this.fields.length;
  }

  /** `message` goes on after the name of the field ("must be …"), or is a sentence of its own. One problem for each field. */
  add(path: string, message: string): void {
    if (this.isFull || this.fields.some((field) => field.path === path)) return;
    this.fields.push({ path, message });
  }

  /** Throws `invalid_input` where anything was found. */
  refuseAny(): void {
    if (this.fields.length === 0) return;
    const { fields } = this;
    const names = fields.map((field) => field.path || "body").join(", ");
    throw new AppError("invalid_input", `The request has values that cannot be used: ${names}.`, {
      why: fields.map(({ path, message }) => sentence(path, message)).join(" "),
      fields,
    });
  }
}

function sentence(path: string, message: string): string {
  if (/^[A-Z]/.test(message)) return message;
  return `${path === "" ? "The body" : path} ${message}${/[.?!]$/.test(message) ? "" : "."}`;
}
