/** Sentences about what keeps work from running on this machine, and about what the simulators made. */
export const obstacleText = {
  title: { training: "A training cannot run here now", generation: "Pictures cannot be made here now" },
  checkAgain: "Check again",
  checking: "Checking…",
  queueAnyway: "Queue anyway",
  anywayHelp: "Queued anyway, it is tried when its turn comes, and fails if the obstacle is still there by then.",
  places: { "/": "Open Home", "/settings": "Open Settings" } as Readonly<Record<string, string>>,
  place: "Look there",
} as const;

export const simulatedText = {
  badge: "Simulated",
  lora: "The simulator of fast-test mode made it, so no pictures are made with it in production.",
  picture: "Drawn by the simulator of fast-test mode; no model has made it.",
  hidden: (count: number) =>
    `${count === 1 ? "1 LoRA" : `${count} LoRAs`} of fast-test mode ${count === 1 ? "is" : "are"} not offered: the simulator made ${count === 1 ? "it" : "them"}, and no face was learned.`,
} as const;
