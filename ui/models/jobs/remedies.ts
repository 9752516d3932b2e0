import type { Failure, Job } from "../../../server/contract/job.ts";
import { failureClassOf, type RemedyKind } from "../../../server/shared/failure-codes.ts";
import { remedyText as text } from "../../text/remedies.ts";

/** A button under a failure. The first of them helps most often. */
export type Remedy =
  | { readonly kind: "link"; readonly label: string; readonly href: string; readonly isOutside?: boolean }
  | { readonly kind: "download"; readonly label: string; readonly href: string }
  | { readonly kind: "retry" }
  | { readonly kind: "copy" };

const fluxPage = "https://huggingface.co/black-forest-labs/FLUX.1-dev";

/** What a person can do about a failed job, by its class. A class that nobody knows gets its log and a text to send. */
export function remediesOf(job: Pick<Job, "id" | "kind" | "characterId">, failure: Failure): readonly Remedy[] {
  const retry: Remedy = { kind: "retry" };
  const settings = (label: string, at = ""): Remedy => ({ kind: "link", label, href: `/settings${at}` });
  const log: Remedy = { kind: "download", label: text.downloadLog, href: `/api/jobs/${encodeURIComponent(job.id)}/logs` };
  const remedies: Record<RemedyKind, readonly Remedy[]> = {
    licence: [{ kind: "link", label: text.licence, href: licencePage(failure), isOutside: true }, settings(text.token, "?at=token"), retry],
    token: [settings(text.token, "?at=token"), retry],
    settings: [settings(text.checks, "?at=checks"), retry],
    memory: job.kind === "training" && !needsOtherGpu(failure) ? [...again(job, text.smaller, "smaller"), retry] : [retry, settings(text.checks, "?at=checks")],
    disk: [retry, settings(text.checks, "?at=checks")],
    photos: job.characterId === null ? [retry] : [{ kind: "link", label: text.photos, href: `/characters/${job.characterId}` }, retry],
    calmer: [...again(job, text.calmer, "calmer"), retry],
    again: [retry],
    unknown: [retry, log, { kind: "copy" }],
  };
  return remedies[failureClassOf(failure.code).remedy];
}

function again(job: Pick<Job, "id" | "characterId">, label: string, change: string): readonly Remedy[] {
  return [{ kind: "link", label, href: `/training/new?character=${job.characterId ?? ""}&repeat=${job.id}&change=${change}` }];
}

/** The last advice of the engine (plugins/ai-toolkit/ends/memory-advice.ts): no setting is left that would free memory. */
function needsOtherGpu({ fix }: Failure): boolean {
  return fix.startsWith("Use a GPU with more memory");
}

/** The page of the model that the failure names, else that of the usual one. Only ever a page of Hugging Face. */
function licencePage({ why, fix }: Failure): string {
  const named = /huggingface\.co\/([\w-][\w.-]*\/[\w-][\w.-]*[\w-])/.exec(`${fix} ${why}`)?.[1];
  return named === undefined || named.startsWith("settings/") ? fluxPage : `https://huggingface.co/${named}`;
}
