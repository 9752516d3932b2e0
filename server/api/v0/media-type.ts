/** What a script of the earlier systems asks for in `Accept` to get the answers that it can read. */
export const earlierMediaType = "application/vnd.isengard.v0+json";

/** The type has to be named itself: a wildcard is every browser's. */
export function wantsEarlierForm(request: Request): boolean {
  return (request.headers.get("accept") ?? "").split(",").some((entry) => {
    const [type = "", ...parameters] = entry.split(";").map((part) => part.trim().toLowerCase());
    return type === earlierMediaType && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}
