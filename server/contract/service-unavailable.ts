import type { Failure } from "./job.ts";

/** A long-lived tool cannot be had. The message is for people: what is missing, why, and what to do. */
export class ServiceUnavailable extends Error {
  override readonly name = "ServiceUnavailable";

  /** `failure`: how the tool ended last, where it was started and did not stay. */
  constructor(message: string, readonly failure: Failure | null = null) {
    super(message);
  }
}

/** The reason of `ServiceHandle.gone` when a tool ended by itself. */
export class ServiceCrash extends Error {
  override readonly name = "ServiceCrash";

  constructor(readonly failure: Failure) {
    super(failure.why);
  }
}
