import { PythonError } from "./python.ts";

const address = (model: string) => `https://huggingface.co/${model}/resolve/main/transformer/config.json`;

/** What Hugging Face answers in each scenario, in the words of its library, before diffusers wraps it in its own. */
const answers: Readonly<Record<string, (model: string) => readonly string[]>> = {
  "hub-401": (model) => [`huggingface_hub.errors.RepositoryNotFoundError: 401 Client Error. Repository Not Found for url: ${address(model)}. Invalid user token.`],
  "hub-403": (model) => [
    `huggingface_hub.errors.GatedRepoError: 403 Client Error. Cannot access gated repo for url ${address(model)}. Access to model ${model} is restricted and you are not in the authorized list. Visit https://huggingface.co/${model} to ask for access.`,
  ],
  "hub-404": (model) => [`huggingface_hub.errors.RemoteEntryNotFoundError: 404 Client Error. Entry Not Found for url: ${address(model)}.`],
  "hub-429": (model) => [`huggingface_hub.errors.HfHubHTTPError: 429 Client Error: Too Many Requests for url: ${address(model)}. Retry after 7 seconds (0/2500 requests remaining).`],
  "hub-503": (model) => [`requests.exceptions.HTTPError: 503 Server Error: Service Unavailable for url: ${address(model)}`],
  "hub-reset": () => ["requests.exceptions.ConnectionError: ('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))"],
  "hub-half": () => ["urllib3.exceptions.IncompleteRead: IncompleteRead(1048576 bytes read, 8931579432 more expected)"],
};

/** null: no scenario of the hub. */
export function hubFault(scenario: string): ((model: string) => never) | null {
  const answer = Object.hasOwn(answers, scenario) ? answers[scenario]! : null;
  return answer === null ? null : (model) => {
    throw new PythonError("OSError", `Can't load the configuration of '${model}'.`, [...answer(model)]);
  };
}
