/** What a kind of job needs and is called; every kind has an entry here, and a handler in `server/jobs/run/`. */
interface JobKindFacts {
  /** `any`: each GPU will do, and the job has it alone. `pictures`: only the one of the tool for pictures, which may be on another machine. */
  readonly gpu: "any" | "pictures";
  /** Whose checks speak for it. */
  readonly backend: "training" | "image";
  /** Of what only one job of the kind may be open at a time. */
  readonly exclusive: "character" | null;
  /** Below which floor of free disk none begins, and whether its backend tells beforehand what it is going to write. */
  readonly disk: { readonly floor: "trainingBytes" | "generationBytes"; readonly isForecast: boolean };
  readonly words: {
    /** Begins a sentence such as "… needs at least 10 GB." */
    readonly doing: string;
    /** Behind "a" or "the". */
    readonly noun: string;
    /** In the log of the server, without a person's name. */
    readonly log: string;
  };
}

export const jobKinds = {
  training: {
    gpu: "any", backend: "training", exclusive: "character",
    disk: { floor: "trainingBytes", isForecast: true },
    words: { doing: "A training", noun: "training", log: "Training" },
  },
  generation: {
    gpu: "pictures", backend: "image", exclusive: null,
    disk: { floor: "generationBytes", isForecast: false },
    words: { doing: "Making pictures", noun: "job for pictures", log: "Pictures" },
  },
} as const satisfies Readonly<Record<string, JobKindFacts>>;

export type JobKind = keyof typeof jobKinds;

export const jobKindNames = Object.keys(jobKinds) as readonly JobKind[];

/** A row may be of a kind that this version does not know; it is never taken for another. */
export function isJobKind(text: string): text is JobKind {
  return Object.hasOwn(jobKinds, text);
}

/** Whether it runs only where the tool for pictures is. */
export function isForPictures(kind: string): boolean {
  return isJobKind(kind) && jobKinds[kind].gpu === "pictures";
}

export const pictureKinds: readonly JobKind[] = jobKindNames.filter(isForPictures);

/** Whether its backend tells beforehand what it is going to write. */
export function isForecast(kind: string): boolean {
  return isJobKind(kind) && jobKinds[kind].disk.isForecast;
}
