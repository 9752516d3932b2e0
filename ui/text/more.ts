/** Sentences of the Logs, Video and Settings pages. */
export const logsText = {
  title: "Logs",
  source: "Show the log of",
  service: "Isengard itself",
  empty: "This log has no lines yet.",
} as const;

/** Failures by cause. A class without a name here is shown as it is. */
export const failureText = {
  title: (days: number) => `Failures of the last ${days} days by cause`,
  none: (days: number) => `No job failed in the last ${days} days.`,
  summary: (total: number, unknown: number) => unknown === 0 ? `${total}, all understood` : `${total}, ${unknown} of them not understood`,
  retried: (count: number) => `${count} tried again by itself`,
  notUnderstood: "Not understood; their logs tell more:",
  causes: {
    vram: "GPU memory ran out", host_oom: "The machine's memory ran out", killed: "Killed from outside", interrupted: "Broken off",
    interrupted_too_often: "Broken off too often", native_crash: "The tool crashed", gpu_fault: "The GPU failed or was not found",
    disk_full: "The disk was full", network: "The network failed", hf_auth: "Hugging Face token missing or wrong",
    hf_gated: "Model licence not accepted", hf_missing: "Base model not found", corrupt_model: "A damaged model file",
    install: "A tool is not installed completely", config: "The tool refused the settings", port: "A port was taken",
    no_photos: "No usable photos", dataset_missing: "Files of a training were missing", diverged: "The loss broke down",
    ended_without_result: "It ended without a result", status_locked: "A file was locked for too long", engine: "ComfyUI was not available",
    incompatible: "ComfyUI lacks a step", missing_file: "A file is missing in ComfyUI", model_mismatch: "Model files do not fit together",
    refused: "ComfyUI refused the request", server_died: "Isengard itself ended", internal: "A mistake of Isengard", unknown: "Not understood",
  } as Readonly<Record<string, string>>,
} as const;

export const videoText = {
  title: "Video",
  badge: "In development",
  heading: "Short clips of the people you trained",
  what: "This page will turn a picture or a sentence into a short clip of one of your characters.",
  reuse: "It will use the same characters and LoRAs that you have now. Nothing that you make today has to be made again.",
} as const;

export const settingsText = {
  title: "Settings",
  access: "Access",
  hfTitle: "Hugging Face token",
  hfHelp: "Needed once to download FLUX.1-dev. It is kept in a file that only you can read, and never shown again.",
  hfSet: "A token is saved.",
  hfUnset: "No token is saved.",
  hfLabel: "New token",
  hfSave: "Save token",
  hfRemove: "Remove token",
  tunnelTitle: "Tunnel from your computer",
  tunnelHelp: "Run this on your own computer to reach Isengard from there; put your login in place of user@this-machine. Run it again when the connection is lost.",
  signOut: "Sign out of this browser",
  signOutAll: "Sign out everywhere",
  mode: "Mode",
  modeNow: { "fast-test": "Simulators do the work. No GPU is used.", production: "Real training and real pictures on this machine's GPU." },
  modeNone: "Not chosen yet.",
  modeOpen: (count: number) =>
    `It can be changed when ${count === 1 ? "the job that runs or waits has ended" : `the ${count} jobs that run or wait have ended`}: one mode never does the other's work.`,
  toReal: "Use this machine's GPU",
  toTest: "Use simulators",
  checks: "Checks",
  checkAgain: "Check again",
  noChecks: "Nothing has been checked yet.",
  engines: "Engines",
  appearance: "Appearance",
  theme: "Colours",
  themes: { system: "Like this computer", light: "Light", dark: "Dark" },
  keys: "Single-letter keys",
  keysHelp: "Shortcuts like g then h. Press ? to see all.",
  values: "Paths and values",
  valuesHelp: "Set by flags, the environment or the settings file when Isengard starts.",
  about: "About",
} as const;
