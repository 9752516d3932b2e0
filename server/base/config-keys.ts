/** Every setting: where it can be set, how it is read, and what it is when nobody set it. */
export type KeyType = "folder" | "program" | "host" | "port" | "bool" | "mode" | "level" | "url" | "number" | "hosts" | "scenario";

export interface ConfigKey {
  readonly type: KeyType;
  readonly flag: string;
  readonly env: string;
  readonly fallback: unknown;
  readonly help: string;
  /** Why it may not stand in isengard.json: what says whether that file is trusted, or where it lies, is not read from it. */
  readonly notInFile?: string;
}

export const configKeys = {
  mode: { type: "mode", flag: "mode", env: "ISENGARD_MODE", fallback: null, help: "fast-test (no GPU needed) or production" },
  data: {
    type: "folder", flag: "data", env: "VOLUME_ROOT", fallback: null, help: "folder that keeps everything",
    notInFile: "decides where isengard.json lies",
  },
  trustFolder: {
    type: "bool", flag: "trust-folder", env: "ISENGARD_TRUST_FOLDER", fallback: false, help: "use a folder that others own or may write to",
    notInFile: "decides whether isengard.json is trusted",
  },
  host: { type: "host", flag: "host", env: "ISENGARD_HOST", fallback: "127.0.0.1", help: "address to listen on" },
  port: { type: "port", flag: "port", env: "ISENGARD_PORT", fallback: 8720, help: "port to listen on; 0 takes any free one" },
  logLevel: { type: "level", flag: "log-level", env: "ISENGARD_LOG_LEVEL", fallback: "info", help: "debug, info, warn or error" },
  open: { type: "bool", flag: "open", env: "ISENGARD_OPEN", fallback: true, help: "open the browser when ready (--no-open: don't)" },
  auth: { type: "bool", flag: "auth", env: "ISENGARD_AUTH", fallback: true, help: "ask for the token (--no-auth: loopback only)" },
  allowPlainHttp: { type: "bool", flag: "allow-plain-http", env: "ISENGARD_ALLOW_PLAIN_HTTP", fallback: false, help: "serve unencrypted beyond this machine" },
  allowedHosts: { type: "hosts", flag: "allowed-hosts", env: "ISENGARD_ALLOWED_HOSTS", fallback: [], help: "further host names, comma-separated" },
  comfyuiUrl: { type: "url", flag: "comfyui-url", env: "COMFYUI_URL", fallback: null, help: "a ComfyUI that already runs" },
  comfyuiDir: { type: "folder", flag: "comfyui", env: "ISENGARD_COMFYUI_DIR", fallback: null, help: "folder of ComfyUI (with main.py)" },
  comfyuiPython: { type: "program", flag: "comfyui-python", env: "ISENGARD_COMFYUI_PYTHON", fallback: null, help: "its Python; default: .venv or venv in its folder" },
  aiToolkitDir: { type: "folder", flag: "ai-toolkit", env: "ISENGARD_AI_TOOLKIT_DIR", fallback: null, help: "folder of AI-Toolkit (with run.py)" },
  aiToolkitPython: { type: "program", flag: "ai-toolkit-python", env: "ISENGARD_AI_TOOLKIT_PYTHON", fallback: null, help: "its Python; default: .venv or venv in its folder" },
  baseModel: { type: "folder", flag: "base-model", env: "ISENGARD_BASE_MODEL", fallback: null, help: "FLUX.1-dev as a local folder" },
  useProcessor: {
    type: "bool", flag: "use-processor", env: "ISENGARD_USE_PROCESSOR", fallback: false, help: "work without a GPU, which takes hours for each picture",
  },
  nvidiaSmi: { type: "program", flag: "nvidia-smi", env: "ISENGARD_NVIDIA_SMI", fallback: null, help: "path of nvidia-smi" },
  simulatorScenario: { type: "scenario", flag: "simulate-scenario", env: "ISENGARD_SIM_SCENARIO", fallback: "ok", help: "fast-test: what the simulators act out" },
  simulatorSpeed: { type: "number", flag: "simulate-speed", env: "ISENGARD_SIM_SPEED", fallback: 1, help: "fast-test: how many times faster" },
} as const satisfies Record<string, ConfigKey>;

export type ConfigKeyName = keyof typeof configKeys;

/** The simulators' scenarios; each is described with the simulator that acts it out. */
export const scenarios = [
  "ok", "slow", "out-of-memory", "nan", "hang", "ignore-term", "grandchild", "die-at-step", "garbage",
  "slow-boot", "port-taken", "drop-socket", "gated-model", "disk-full",
  "native-crash", "skipped-steps", "no-result", "optimizer-unsaved", "corrupt-model", "gpu-fault",
  "hub-401", "hub-403", "hub-404", "hub-429", "hub-503", "hub-reset", "hub-half", "hub-offline",
  "gpu-hang", "gpu-lost", "gpu-lost-one", "gpu-none", "gpu-no-driver", "gpu-unknown", "gpu-old", "gpu-ok-ecc", "gpu-ecc", "gpu-hot", "gpu-busy", "two-gpus",
] as const;
