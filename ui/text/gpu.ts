/** Sentences about GPUs. */
export const gpuText = {
  notUsed: "Nothing is started on this GPU",
  seen: (age: string) => `First seen ${age}.`,
  staysHelp: "Look at the machine first: a restart of it helps most often. Then say here that the GPU can be used.",
  goesHelp: "It is used again as soon as it answers.",
  useAgain: "Use this GPU again",
  lookAgain: "Look again",
  looking: "Looking…",
  toGpu: "Look at the GPU",
  onGpu: (index: number) => `on GPU ${index}`,
} as const;
