import { expect, test } from "bun:test";
import { ConfigError, loadConfig } from "./config.ts";

const load = (flags: string[], env: Record<string, string> = {}, file: string | null = null) => loadConfig({ flags, env, file });

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
