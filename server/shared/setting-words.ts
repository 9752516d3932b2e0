/** Where each setting that texts of failures and checks name can be set: the same names as in the table of settings. */
export const settingPlaces = {
  aiToolkitDir: { flag: "ai-toolkit", env: "ISENGARD_AI_TOOLKIT_DIR" },
  aiToolkitPython: { flag: "ai-toolkit-python", env: "ISENGARD_AI_TOOLKIT_PYTHON" },
  comfyuiDir: { flag: "comfyui", env: "ISENGARD_COMFYUI_DIR" },
  comfyuiPython: { flag: "comfyui-python", env: "ISENGARD_COMFYUI_PYTHON" },
  comfyuiUrl: { flag: "comfyui-url", env: "COMFYUI_URL" },
  baseModel: { flag: "base-model", env: "ISENGARD_BASE_MODEL" },
} as const;

export type SettingPlace = keyof typeof settingPlaces;

/** `--ai-toolkit, ISENGARD_AI_TOOLKIT_DIR or "aiToolkitDir" in isengard.json`: no page sets these, they are read at the start. */
export function placeOf(name: SettingPlace): string {
  const { flag, env } = settingPlaces[name];
  return `--${flag}, ${env} or "${name}" in isengard.json`;
}
