/** What a script of the earlier systems asks for in `Accept` to get the answers that it can read. */
export const earlierMediaType = "application/vnd.isengard.v0+json";

/** The type has to be named itself: a wildcard is every browser's. */
function wantsEarlierForm(request: Request): boolean {
  return (request.headers.get("accept") ?? "").split(",").some((entry) => {
    const [type = "", ...parameters] = entry.split(";").map((part) => part.trim().toLowerCase());
    return type === earlierMediaType && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

type Answer = (request: Request) => Response | Promise<Response>;

/** Answers in the form of the earlier system where a request asks for it; every other request passes untouched. */
export function withEarlierForm(answer: Answer): Answer {
  return (request) => {
    if (!wantsEarlierForm(request)) return answer(request);
    // Loaded when somebody asks, not at every start.
    return import("./earlier-form.ts").then(({ answerEarlier }) => answerEarlier(request, answer));
  };
}
