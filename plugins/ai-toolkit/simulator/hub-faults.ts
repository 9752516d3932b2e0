import { PythonError } from "./python.ts";

const address = (model: string) => `https://huggingface.co/${model}/resolve/main/transformer/config.json`;

interface Answer {
  /** What was raised before, oldest first. */
  readonly before: (model: string) => readonly string[];
  /** What reaches the trainer; without it, diffusers' word for a model that it could not load. */
  readonly last?: (model: string) => PythonError;
}

/**
 * What Hugging Face answers in each scenario, in the words of huggingface_hub 1.23 over httpx and of diffusers around it;
 * `hub-403`, `hub-reset` and `hub-half` are those of earlier versions, which are still in use.
 */
const answers: Readonly<Record<string, Answer>> = {
  "hub-401": {
    before: (model) => [`huggingface_hub.errors.HfHubHTTPError: ${refused("401 Unauthorized", address(model))}\n\nInvalid credentials in Authorization header`],
    last: (model) => connectionError(model, `${refused("401 Unauthorized", address(model))}\n\nInvalid credentials in Authorization header`),
  },
  "hub-403": { before: (model) => [
    `huggingface_hub.errors.GatedRepoError: 403 Client Error. Cannot access gated repo for url ${address(model)}. Access to model ${model} is restricted and you are not in the authorized list. Visit https://huggingface.co/${model} to ask for access.`,
  ] },
  "hub-404": { before: (model) => [`huggingface_hub.errors.RemoteEntryNotFoundError: 404 Client Error. Entry Not Found for url: ${address(model)}.`] },
  "hub-429": {
    before: () => [],
    last: (model) => connectionError(model, `${refused("429 Too Many Requests", address(model))}\n\nRetry after 7 seconds (0/2500 requests remaining).`),
  },
  "hub-503": { before: () => [], last: (model) => connectionError(model, `Server error '503 Service Unavailable' for url '${address(model)}'`) },
  "hub-reset": { before: () => ["requests.exceptions.ConnectionError: ('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))"] },
  "hub-half": { before: () => ["urllib3.exceptions.IncompleteRead: IncompleteRead(1048576 bytes read, 8931579432 more expected)"] },
  // After a connection that failed at once the library asks again through the client that it has closed.
  "hub-offline": { before: () => [], last: () => new PythonError("RuntimeError", "Cannot send a request, as the client has been closed.") },
};

function refused(status: string, url: string): string {
  return `Client error '${status}' for url '${url}' (Request ID: Root=1-0)`;
}

function connectionError(model: string, cause: string): PythonError {
  return new PythonError("OSError", `There was a specific connection error when trying to load ${model}:\n${cause}`);
}

/** null: no scenario of the hub. */
export function hubFault(scenario: string): ((model: string) => never) | null {
  const answer = Object.hasOwn(answers, scenario) ? answers[scenario]! : null;
  return answer === null ? null : (model) => {
    const before = answer.before(model);
    const { type, message } = answer.last?.(model) ?? new PythonError("OSError", `Can't load the configuration of '${model}'.`);
    throw new PythonError(type, message, before);
  };
}
