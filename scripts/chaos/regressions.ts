/** Plans that once ended badly. They are run first, and stay. Timing matters too, so each may need several runs to fail again. */
export interface Regression {
  readonly name: string;
  readonly seed: number;
  readonly steps: number;
}

export const regressions: readonly Regression[] = [
  { name: "a server killed while it made the trainer's control database left one without its table", seed: 3, steps: 60 },
];
