import { expect, test } from "bun:test";
import { ConfigError, loadConfig } from "./config.ts";

const load = (flags: string[], env: Record<string, string> = {}, file: string | Uint8Array | null = null) =>
  loadConfig({ flags, env, file: file === null ? null : { bytes: Buffer.from(file), folder: "/root-of-data" }, cwd: "/start" });

test("a flag wins over the environment, the environment over the file, the file over the default", () => {
  const { config, sources } = load(["--port", "1001"], { ISENGARD_PORT: "1002", ISENGARD_MODE: "fast-test" }, '{"port":1003,"logLevel":"debug"}');
  expect([config.port, config.mode, config.logLevel, config.host]).toEqual([1001, "fast-test", "debug", "127.0.0.1"]);
  expect([sources.port, sources.mode, sources.logLevel, sources.host]).toEqual(["flag", "environment", "file", "default"]);
});

test("everything that is wrong is said in one message", () => {
  const attempt = () => load(["--prot", "1", "--mode=fast"], { ISENGARD_PORT: "99999", ISENGARD_SPEED: "3" }, '{"color":"red"}');
  expect(attempt).toThrow(ConfigError);
  try {
    attempt();
  } catch (error) {
    const { problems } = error as ConfigError;
    const said = problems.join("\n");
    for (const word of ["--prot", '"fast"', "99999", "ISENGARD_SPEED", "color"]) expect(said).toContain(word);
  }
});

test("serving beyond this machine without encryption has to be asked for twice", () => {
  expect(() => load(["--host", "0.0.0.0"])).toThrow("--allow-plain-http");
  expect(load(["--host", "0.0.0.0", "--allow-plain-http"]).config.host).toBe("0.0.0.0");
});

test("switching the token off is refused beyond loopback and on a pod", () => {
  expect(load(["--no-auth"]).config.auth).toBe(false);
  expect(() => load(["--no-auth", "--host", "0.0.0.0", "--allow-plain-http"])).toThrow("--no-auth");
  expect(() => load(["--no-auth"], { RUNPOD_POD_ID: "x" })).toThrow("--no-auth");
});

test.each([
  ["VOLUME_ROOT", '"/workspace/isengard"', "has quotes"],
  ["VOLUME_ROOT", "'/workspace", "has quotes"],
  ["VOLUME_ROOT", "~/isengard", "only a shell replaces"],
  ["VOLUME_ROOT", "$HOME/isengard", "only a shell replaces"],
  ["VOLUME_ROOT", "file:///data", "is an address"],
  ["VOLUME_ROOT", "C:\\isengard", "path of Windows"],
  ["VOLUME_ROOT", `/data/${"x".repeat(300)}`, "longer than"],
  ["VOLUME_ROOT", "/data\n/x", "line break"],
  ["VOLUME_ROOT", "   ", "is empty"],
  ["ISENGARD_HOST", "127.0.0.1:8771", "has a port"],
  ["ISENGARD_HOST", "[::1]:8771", "has a port"],
  ["ISENGARD_HOST", "http://127.0.0.1", "is an address"],
  ["ISENGARD_HOST", "a b", "neither a host name"],
  ["ISENGARD_HOST", "999.1.1.1", "neither a host name"],
  ["ISENGARD_PORT", '"8720"', "has quotes"],
  ["ISENGARD_PORT", "8720.5", "is not a port"],
  ["ISENGARD_PORT", "-1", "is not a port"],
  ["ISENGARD_OPEN", "maybe", "neither true nor false"],
  ["ISENGARD_SIM_SPEED", "0x10", "is not a number"],
  ["ISENGARD_SIM_SPEED", "1e2", "is not a number"],
  ["ISENGARD_ALLOWED_HOSTS", "*.ngrok.app", "name each host"],
  ["ISENGARD_ALLOWED_HOSTS", "a.example;b.example", "no host name"],
  ["ISENGARD_ALLOWED_HOSTS", "a.example b.example", "no host name"],
  ["ISENGARD_ALLOWED_HOSTS", "https://", "no host name"],
  ["ISENGARD_ALLOWED_HOSTS", ",", "names no host"],
  ["COMFYUI_URL", "127.0.0.1:8188", "not an http or https address"],
  ["COMFYUI_URL", "localhost:8188", "not an http or https address"],
  ["COMFYUI_URL", "http://me:secret@host", "name or password"],
  ["COMFYUI_URL", "http://host/?token=1", "has a ? or #"],
  ["ISENGARD_AI_TOOLKIT_DIR", "~/ai-toolkit", "only a shell replaces"],
] as const)("%s=%p is refused, because it %s", (name, value, why) => {
  expect(() => load([], { [name]: value })).toThrow(why);
  expect(() => load([], { [name]: value })).toThrow(name);
});

test.each([
  ["https://photos.example.org/", ["photos.example.org"]],
  ["https://photos.example.org:8443/x, b.example.", ["photos.example.org", "b.example"]],
  ["ABC.ngrok.app:443", ["abc.ngrok.app"]],
  ["münchen.example", ["xn--mnchen-3ya.example"]],
  ["nas,[2001:db8::1],192.168.1.9", ["nas", "[2001:db8::1]", "192.168.1.9"]],
])("the allowed hosts %p are understood as the names that a browser sends", (text, names) => {
  expect(load(["--allowed-hosts", text]).config.allowedHosts).toEqual(names);
});

test("a host may be written with brackets, a mode in any case, an address with or without its last slash", () => {
  const { config } = load(["--host", "[::1]", "--mode", "Production", "--comfyui-url", "http://127.0.0.1:8188/"]);
  expect([config.host, config.mode, config.comfyuiUrl]).toEqual(["::1", "production", "http://127.0.0.1:8188"]);
});

test("paths begin where they were written: on the command line at the start folder, in the file beside it", () => {
  const { config } = load(["--ai-toolkit", "ai-toolkit", "--comfyui-python", "env/bin/python", "--nvidia-smi", "nvidia-smi"], { ISENGARD_BASE_MODEL: "models/FLUX.1-dev" }, '{"comfyuiDir":"../ComfyUI"}');
  expect([config.aiToolkitDir, config.comfyuiPython, config.baseModel, config.comfyuiDir, config.nvidiaSmi]).toEqual([
    "/start/ai-toolkit", "/start/env/bin/python", "/start/models/FLUX.1-dev", "/ComfyUI", "nvidia-smi",
  ]);
});

test.each([
  ["\uFEFF{}", "byte order mark"],
  [Buffer.from("\uFEFF{}", "utf16le"), "UTF-16"],
  [Buffer.from('{"baseModel":"/Zo\xeb"}', "latin1"), "not UTF-8"],
  ["", "line 1, column 1: there is nothing in it"],
  ['{\n  "port": 8720,\n}', "line 3, column 1: a comma before }"],
  ['{"port":8720,"port":8721}', "stands there twice"],
  ["[]", "one object"],
  ['{"data":"/x"}', "--data or VOLUME_ROOT"],
  ['{"trustFolder":true}', "decides whether isengard.json is trusted"],
  ['{"port":{"a":1}}', "is not a whole number"],
  ['{"port":true}', "is not a whole number"],
  ['{"open":1}', "is not true or false"],
  ['{"host":null}', "is not a text in double quotes"],
  ['{"allowedHosts":[1]}', "is not a list of texts"],
  ['{"prot":1}', "Did you mean port?"],
])("isengard.json with %p is refused with its reason", (file, why) => {
  expect(() => load([], {}, file)).toThrow(why);
});

test("an unknown name is answered with the one that was meant", () => {
  expect(() => load(["--prot", "1"])).toThrow("Did you mean --port?");
  expect(() => load([], { ISENGARD_LOGLEVEL: "info" })).toThrow("Did you mean ISENGARD_LOG_LEVEL?");
  expect(() => load([], { ISENGARD_FOO: "1" })).not.toThrow("Did you mean");
  expect(() => load(["--data", "--port", "1"])).toThrow("--data needs a value");
});
