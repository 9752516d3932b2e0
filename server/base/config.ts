import { resolve } from "node:path";
import { readForm } from "./config-forms.ts";
import { configKeys, type ConfigKey, type ConfigKeyName, type KeyType } from "./config-keys.ts";
import type { LogLevel } from "../contract/log.ts";
import type { Mode } from "../contract/system.ts";
import { jsonProblem, readUtf8 } from "./json-text.ts";
import { nearest } from "./nearest.ts";

export interface Config {
  readonly mode: Mode | null;
  readonly data: string | null;
  readonly trustFolder: boolean;
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
  readonly useProcessor: boolean;
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
  /** isengard.json as it lies on the disk, or null without one. */
  readonly file: ConfigFile | null;
  /** Where relative paths of flags and environment begin; default: the folder that the program was started in. */
  readonly cwd?: string;
}

export interface ConfigFile {
  readonly bytes: Uint8Array;
  /** Where relative paths in it begin. */
  readonly folder: string;
}

const names = Object.keys(configKeys) as ConfigKeyName[];
const keys: Readonly<Record<ConfigKeyName, ConfigKey>> = configKeys;
const prefix = "ISENGARD_";
/** Set by Isengard for its own children; not settings. */
const internalEnv = new Set(["ISENGARD_RUN", "ISENGARD_CORRELATION_ID"]);

/** One place where settings stand. */
interface Layer {
  readonly found: Map<ConfigKeyName, unknown>;
  readonly problems: string[];
  /** Where its relative paths begin. */
  readonly folder: string;
}

/** Flags over environment over file over defaults. Throws ConfigError with every problem at once. */
export function loadConfig(input: ConfigInput): LoadedConfig {
  const problems: string[] = [];
  const cwd = input.cwd ?? process.cwd();
  const layer = (folder: string): Layer => ({ found: new Map(), problems, folder });
  const layers: Array<[ConfigSource, Map<ConfigKeyName, unknown>]> = [
    ["flag", readFlags(input.flags, layer(cwd))],
    ["environment", readEnv(input.env, layer(cwd))],
    ["file", input.file === null ? new Map() : readFile(input.file, layer(input.file.folder))],
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

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function readFlags(flags: readonly string[], layer: Layer): Layer["found"] {
  const queue = [...flags];
  while (queue.length > 0) {
    const word = queue.shift()!;
    const [, negated, flag, inline] = /^--(no-)?([a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    const name = names.find((candidate) => keys[candidate].flag === flag);
    if (flag === undefined || name === undefined || (negated && keys[name].type !== "bool")) {
      layer.problems.push(`the option ${word} is not known.${meant(word, names.map((each) => `--${keys[each].flag}`))} isengard --help lists all.`);
      continue;
    }
    if (keys[name].type === "bool" && inline === undefined) {
      layer.found.set(name, !negated);
      continue;
    }
    const value = inline ?? (queue[0]?.startsWith("--") === true ? undefined : queue.shift());
    if (value === undefined) layer.problems.push(`the option --${flag} needs a value.`);
    else put(layer, name, value, `--${flag}`);
  }
  return layer.found;
}

function readEnv(env: ConfigInput["env"], layer: Layer): Layer["found"] {
  const known = new Map(names.map((name) => [keys[name].env, name]));
  for (const [key, value] of Object.entries(env)) {
    const name = known.get(key);
    if (name !== undefined) {
      if (value !== undefined && value !== "") put(layer, name, value, key);
    } else if (key.startsWith(prefix) && !internalEnv.has(key)) {
      layer.problems.push(`the environment variable ${key} is not known.${meant(key.slice(prefix.length), [...known.keys()].map((each) => each.replace(prefix, "")), prefix)} isengard --help lists all.`);
    }
  }
  return layer.found;
}

function readFile(file: ConfigFile, layer: Layer): Layer["found"] {
  const parsed = parseFile(file.bytes);
  if ("problem" in parsed) {
    layer.problems.push(`isengard.json: ${parsed.problem}. Correct it, or delete it to use the defaults.`);
    return layer.found;
  }
  for (const [key, value] of Object.entries(parsed.object)) {
    const name = names.find((candidate) => candidate === key);
    if (name === undefined) layer.problems.push(`isengard.json: ${key} is not a known setting.${meant(key, names)}`);
    else if (keys[name].notInFile !== undefined) {
      layer.problems.push(`isengard.json: ${key} cannot be set there, because it ${keys[name].notInFile}. Use --${keys[name].flag} or ${keys[name].env}.`);
    } else putJson(layer, name, value);
  }
  return layer.found;
}

function parseFile(bytes: Uint8Array): { object: Record<string, unknown> } | { problem: string } {
  const read = readUtf8(bytes);
  if ("problem" in read) return read;
  const problem = jsonProblem(read.text);
  if (problem !== null) return { problem: `line ${problem.line}, column ${problem.column}: ${problem.why}` };
  const value: unknown = JSON.parse(read.text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { problem: "it has to be one object, as {\"port\": 8720}" };
  return { object: value as Record<string, unknown> };
}

/** JSON knows types: what it says has to be of the one that the setting has; a text is read as everywhere else. */
function putJson(layer: Layer, name: ConfigKeyName, value: unknown): void {
  const where = `isengard.json: ${name}`;
  const { type } = keys[name];
  const isList = Array.isArray(value) && value.every((item) => typeof item === "string");
  const fits = typeof value === "string" ||
    (typeof value === "boolean" && type === "bool") ||
    (typeof value === "number" && (type === "port" || type === "number")) ||
    (isList && type === "hosts");
  if (isList && value.length === 0) layer.found.set(name, []);
  else if (fits) put(layer, name, isList ? value.join(",") : String(value), where);
  else layer.problems.push(`${where}: ${JSON.stringify(value).slice(0, 80)} is not ${jsonForms[type] ?? "a text in double quotes"}.`);
}

const jsonForms: Partial<Record<KeyType, string>> = {
  bool: "true or false", port: "a whole number", number: "a number", hosts: "a list of texts",
};

function put(layer: Layer, name: ConfigKeyName, text: string, where: string): void {
  const { type } = keys[name];
  const result = readForm(type, text.trim());
  if ("problem" in result) layer.problems.push(`${where}: ${JSON.stringify(text.slice(0, 80))} ${result.problem}.`);
  else layer.found.set(name, isPath(type, result.value) ? resolve(layer.folder, result.value) : result.value);
}

/** Programs run in folders of their own, where a relative path would mean another file. */
function isPath(type: KeyType, value: unknown): value is string {
  return typeof value === "string" && (type === "folder" || (type === "program" && value.includes("/")));
}

/** `before` is what all of them begin with and what therefore says nothing about which one was meant. */
function meant(word: string, known: Iterable<string>, before = ""): string {
  const near = nearest(word, known);
  return near === null ? "" : ` Did you mean ${before}${near}?`;
}
