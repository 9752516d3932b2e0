import { t } from "elysia";

/** At least one character that can be seen. */
const visible = "[^\\p{Z}\\p{C}]";

interface TextOptions {
  maxLength: number;
  /** It may have several lines; elsewhere a line break becomes a blank. */
  lines?: boolean;
  /** The sentence for a text that is missing or empty, in the words of the form. */
  whenMissing?: string;
  description?: string;
}

/** Text of a person that says something. */
export function someText(options: TextOptions) {
  return t.String({ minLength: 1, pattern: visible, whenWrong: options.whenMissing, ...options });
}

/** An id as the server makes it: signs of ASCII that can be seen. */
export const Id = t.String({
  minLength: 1,
  maxLength: 200,
  pattern: "^[!-~]+$",
  whenWrong: "must be an id, as the lists give it",
});
