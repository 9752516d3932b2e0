import { errorTable } from "../../base/errors.ts";

/** An answer of an operation, as OpenAPI 3.1 writes it. */
export interface Answer {
  readonly description: string;
  readonly content?: Readonly<Record<string, { schema?: object }>>;
}
export type Answers = Record<string, Answer>;

/** For `detail` of a route that answers without a body. */
export function empty(description: string): { responses: Answers } {
  return { responses: { 204: { description } } };
}

/** For `detail` of a route that sends a file, whole or in ranges. */
export function file(...mediaTypes: string[]): { responses: Answers } {
  const content = Object.fromEntries(mediaTypes.map((type) => [type, {}]));
  return {
    responses: {
      200: { description: "The file", content },
      206: { description: "The range that was asked for", content },
      304: { description: "The copy at hand is still right" },
      416: { description: "The file has no such range" },
    },
  };
}

/** For `detail` of a route that sends text of some other kind. */
export function text(mediaType: string, description: string): { responses: Answers } {
  return { responses: { 200: { description, content: { [mediaType]: {} } } } };
}

const errorContent = { "application/json": { schema: { $ref: "#/components/schemas/ErrorBody" } } };

/** Refusals with these statuses, in the words of the table of errors. */
export function refusals(statuses: Iterable<number>): Answers {
  const answers: Answers = {};
  for (const status of [...new Set(statuses)].sort((a, b) => a - b)) {
    const codes = Object.entries(errorTable)
      .filter(([, entry]) => entry.status === status)
      .map(([code]) => code);
    if (codes.length > 0) answers[status] = { description: `Refused: ${codes.join(", ")}`, content: errorContent };
  }
  return answers;
}
