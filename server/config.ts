import { configKeys, scenarios, type ConfigKeyName, type KeyType } from "./config-keys.ts";
import type { LogLevel } from "./contract/log.ts";
import type { Mode } from "./contract/system.ts";

export interface Config {
  readonly mode: Mode | null;
  readonly data: string | null;
  readonly host: string;
  readonly port: number;
  readonly logLevel: LogLevel;
  readonly open: boolean;
  readonly auth: boolean;
  readonly allowPlainHttp: boolean;
  readonly allowedHosts: readonly string[];
  readonly comfyuiUrl: string | null;
  readonly comfyuiDir: string | null;
  readonly comfyuiPython: string | null;
  readonly aiToolkitDir: string | null;
  readonly aiToolkitPython: string | null;
  readonly baseModel: string | null;
  readonly nvidiaSmi: string | null;
  readonly simulatorScenario: string;
  readonly simulatorSpeed: number;
}

export type ConfigSource = "flag" | "environment" | "file" | "default";

export interface LoadedConfig {
  readonly config: Config;
  readonly sources: Readonly<Record<ConfigKeyName, ConfigSource>>;
}

/** All that is wrong with the configuration, in one message. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(readonly problems: readonly string[]) {
    super(`Isengard cannot start with these settings:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
  }
}

export interface ConfigInput {
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of isengard.json, or null without one. */
  readonly file: string | null;
}

const names = Object.keys(configKeys) as ConfigKeyName[];
/** Set by Isengard for its own children; not settings. */
const internalEnv = new Set(["ISENGARD_RUN", "ISENGARD_CORRELATION_ID"]);

/** Flags over environment over file over defaults. Throws ConfigError with every problem at once. */
export function loadConfig(input: ConfigInput): LoadedConfig {
  const problems: string[] = [];
  const layers: Array<[ConfigSource, Map<ConfigKeyName, unknown>]> = [
    ["flag", readFlags(input.flags, problems)],
    ["environment", readEnv(input.env, problems)],
    ["file", readFile(input.file, problems)],
  ];
  const values: Record<string, unknown> = {};
  const sources: Record<string, ConfigSource> = {};
  for (const name of names) {
    const layer = layers.find(([, map]) => map.has(name));
    values[name] = layer ? layer[1].get(name) : configKeys[name].fallback;
    sources[name] = layer ? layer[0] : "default";
  }
  const config = values as unknown as Config;
  checkTogether(config, input.env, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return { config: Object.freeze(config), sources: Object.freeze(sources) as LoadedConfig["sources"] };
}

function checkTogether(config: Config, env: ConfigInput["env"], problems: string[]): void {
  const loopback = isLoopback(config.host);
  if (!config.auth && (!loopback || env["RUNPOD_POD_ID"])) {
    problems.push("--no-auth works only on this machine (host 127.0.0.1) and never on a pod. Remove it, or set --host 127.0.0.1.");
  }
  if (!loopback && !config.allowPlainHttp && !env["RUNPOD_POD_ID"]) {
    problems.push(
      `host ${config.host} would serve photos and the token unencrypted to the network. ` +
        "Use an SSH tunnel with host 127.0.0.1, or add --allow-plain-http if you accept that.",
    );
  }
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function readFlags(flags: readonly string[], problems: string[]): Map<ConfigKeyName, unknown> {
  const found = new Map<ConfigKeyName, unknown>();
  const queue = [...flags];
  while (queue.length > 0) {
    const word = queue.shift()!;
    const [, negated, flag, inline] = /^--(no-)?([a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    const name = names.find((candidate) => configKeys[candidate].flag === flag);
    if (flag === undefined || name === undefined || (negated && configKeys[name].type !== "bool")) {
      problems.push(`the option ${word} is not known. isengard --help lists all.`);
      continue;
    }
    if (configKeys[name].type === "bool" && inline === undefined) {
      found.set(name, !negated);
      continue;
    }
    const value = inline ?? queue.shift();
    if (value === undefined) problems.push(`the option --${flag} needs a value.`);
    else put(found, name, value, `--${flag}`, problems);
  }
  return found;
}

function readEnv(env: ConfigInput["env"], problems: string[]): Map<ConfigKeyName, unknown> {
  const found = new Map<ConfigKeyName, unknown>();
  for (const name of names) {
    const value = env[configKeys[name].env];
    if (value !== undefined && value !== "") put(found, name, value, configKeys[name].env, problems);
  }
  const known = new Set<string>(names.map((name) => configKeys[name].env));
  for (const key of Object.keys(env)) {
    if (key.startsWith("ISENGARD_") && !known.has(key) && !internalEnv.has(key)) {
      problems.push(`the environment variable ${key} is not known. isengard --help lists all.`);
    }
  }
  return found;
}

function readFile(text: string | null, problems: string[]): Map<ConfigKeyName, unknown> {
  const found = new Map<ConfigKeyName, unknown>();
  if (text === null) return found;
  const parsed = parseObject(text);
  if (parsed === null) {
    problems.push("isengard.json is not a JSON object. Correct it, or delete it to use the defaults.");
    return found;
  }
  for (const [key, value] of Object.entries(parsed)) {
    const name = names.find((candidate) => candidate === key);
    if (name === undefined) problems.push(`isengard.json: ${key} is not a known setting.`);
    else put(found, name, Array.isArray(value) ? value.join(",") : String(value), `isengard.json: ${key}`, problems);
  }
  return found;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null; // reported by the caller, together with the other problems
  }
}

function put(found: Map<ConfigKeyName, unknown>, name: ConfigKeyName, text: string, where: string, problems: string[]): void {
  const result = readers[configKeys[name].type](text.trim());
  if ("problem" in result) problems.push(`${where}: ${JSON.stringify(text.slice(0, 80))} ${result.problem}.`);
  else found.set(name, result.value);
}

type Read = { value: unknown } | { problem: string };

const oneOf = (allowed: readonly string[]) => (text: string): Read =>
  allowed.includes(text) ? { value: text } : { problem: `is not one of ${allowed.join(", ")}` };

const readers: Record<KeyType, (text: string) => Read> = {
  string: (text) => (text === "" || text.includes("\0") ? { problem: "is empty" } : { value: text }),
  port: (text) => (/^\d{1,5}$/.test(text) && Number(text) < 65536 ? { value: Number(text) } : { problem: "is not a port from 0 to 65535" }),
  bool: (text) => {
    if (["1", "true", "yes", "on"].includes(text.toLowerCase())) return { value: true };
    if (["0", "false", "no", "off"].includes(text.toLowerCase())) return { value: false };
    return { problem: "is neither true nor false" };
  },
  mode: oneOf(["fast-test", "production"]),
  level: oneOf(["debug", "info", "warn", "error"]),
  scenario: oneOf(scenarios),
  url: (text) => {
    const url = URL.parse(text);
    return url && (url.protocol === "http:" || url.protocol === "https:") ? { value: text.replace(/\/+$/, "") } : { problem: "is not an http or https address" };
  },
  number: (text) => {
    const value = Number(text);
    return Number.isFinite(value) && value > 0 && value <= 1000 ? { value } : { problem: "is not a number above 0 and up to 1000" };
  },
  list: (text) => ({ value: text.split(",").map((part) => part.trim().toLowerCase()).filter((part) => part !== "") }),
};
