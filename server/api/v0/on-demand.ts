import { wantsEarlierForm } from "./media-type.ts";

type Answer = (request: Request) => Response | Promise<Response>;

/** Answers in the form of the earlier system where a request asks for it; every other request passes untouched. */
export function withEarlierForm(answer: Answer): Answer {
  return (request) => {
    if (!wantsEarlierForm(request)) return answer(request);
    // Loaded when somebody asks, not at every start.
    return import("./earlier-form.ts").then(({ answerEarlier }) => answerEarlier(request, answer));
  };
}
