/** Sentences of the frame around every page. */
export const frameText = {
  skip: "Skip to content",
  simulated: "Simulated: no GPU is used",
  production: "Production: uses this machine's GPU",
  noMode: "Mode not chosen yet",
  connecting: "Connecting…",
  live: "Connected",
  late: "Slow connection",
  lost: "Connection lost",
  lostTitle: "The connection to the server is lost. Work on the server goes on.",
  lostHelp: "If your computer slept, start the tunnel again:",
  idle: "Nothing running",
  noJobs: "Nothing is running or waiting.",
  jobsTitle: "Running and waiting",
  keysTitle: "Keys",
  moreTitle: "More",
} as const;
