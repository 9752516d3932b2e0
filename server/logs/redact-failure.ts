import type { Failure } from "../contract/job.ts";
import type { Redactor } from "./redact.ts";

/** A failure as it may be stored and shown: it repeats what a tool said, and a tool may say a secret or a home path. */
export function redactFailure(failure: Failure, redactor: Pick<Redactor, "redact">): Failure {
  const { what, why, fix, tail } = failure;
  const clean = (text: string) => redactor.redact(text);
  return { ...failure, what: clean(what), why: clean(why), fix: clean(fix), tail: tail.map(clean) };
}
