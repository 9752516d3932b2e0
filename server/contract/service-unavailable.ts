/** A long-lived tool cannot be had. The message is for people: what is missing, why, and what to do. */
export class ServiceUnavailable extends Error {
  override readonly name = "ServiceUnavailable";
}
