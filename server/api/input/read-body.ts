import type { TSchema } from "elysia";
import { AppError } from "../../base/errors.ts";
import { jsonProblem, readUtf8 } from "../../base/json-text.ts";
import { check } from "./check.ts";
import { Problems } from "./problems.ts";

/** The bytes of a request as they came, not yet read. */
export class BodyBytes {
  constructor(
    readonly bytes: Uint8Array,
    readonly mediaType: string,
  ) {}
}

const json = /^application\/(?:[\w.-]+\+)?json$/i;
const howToSend = "Send JSON in UTF-8 with the header Content-Type: application/json.";

/** What a body means, held to its schema; `known` translates names of the earlier systems first. */
export function readBody(schema: TSchema | null, body: unknown, known: (value: unknown) => unknown): unknown {
  const sent = body instanceof BodyBytes ? jsonOf(body) : undefined;
  if (schema === null) {
    refuseAnything(sent);
    return undefined;
  }
  if (sent === undefined) {
    if (schema.mayBeAbsent === true) return undefined;
    throw new AppError("bad_request", "The request has no body.", {
      why: "This address needs to be told what to do.",
      fix: howToSend,
    });
  }
  const found = new Problems();
  const result = check(schema, known(sent), "", found);
  found.refuseAny();
  return result;
}

/** undefined: nothing was sent. */
function jsonOf({ bytes, mediaType }: BodyBytes): unknown {
  if (bytes.length === 0) return undefined;
  const [type = "", ...parameters] = mediaType.split(";").map((part) => part.trim());
  if (!json.test(type)) {
    const sent = type === "" ? "It has no Content-Type." : `Its Content-Type is ${type.slice(0, 80)}.`;
    throw new AppError("unsupported_media", "The request's body is not sent as JSON.", {
      why: sent,
      fix: "Send it as application/json.",
    });
  }
  const charset = parameters.map((part) => /^charset="?([^"]*)"?$/i.exec(part)?.[1]).find((name) => name !== undefined);
  const read = readUtf8(bytes);
  if ("problem" in read || (charset !== undefined && !/^(utf-8|utf8|us-ascii)$/i.test(charset))) {
    throw new AppError("bad_request", "The request's body is not UTF-8.", {
      why:
        "problem" in read
          ? `${read.problem.split(";")[0]!.replace(/^it/, "It")}.`
          : `It says that it is ${charset!.slice(0, 40)}.`,
      fix: howToSend,
    });
  }
  const problem = jsonProblem(read.text);
  if (problem === null) return JSON.parse(read.text);
  throw new AppError("bad_request", "The request's body could not be read.", {
    why: `It is not valid JSON: line ${problem.line}, column ${problem.column}: ${problem.why}.`,
    fix: howToSend,
  });
}

/** A route that needs no body takes an empty one and `{}`; anything else was meant for something. */
function refuseAnything(sent: unknown): void {
  if (sent === undefined || sent === null) return;
  const names = typeof sent === "object" && !Array.isArray(sent) ? Object.keys(sent) : null;
  if (names?.length === 0) return;
  const fields = (names ?? [""])
    .slice(0, 5)
    .map((path) => ({ path: path.slice(0, 60), message: "is not known here; nothing can be set here" }));
  throw new AppError("invalid_input", "This request takes no body.", {
    why: "What was sent would have no effect.",
    fix: "Send it without a body.",
    fields,
  });
}
