import { expect, test } from "bun:test";
import { configKeys } from "./config-keys.ts";
import { ConfigError, loadConfig } from "./config.ts";
import { mutate } from "../testing/mutate.ts";
import { seededRandom } from "../testing/random.ts";

const rounds = 15_000;
const file = Buffer.from('{"mode":"fast-test","port":8720,"open":false,"allowedHosts":["a.example","b.example"],"comfyuiUrl":"http://127.0.0.1:8188","simulatorSpeed":2.5,"comfyuiDir":"../ComfyUI","baseModel":"/models/FLUX"}');
const values = ["127.0.0.1", "/workspace/isengard", "8720", "true", "production", "http://127.0.0.1:8188/x", "a.example, [::1]:8720", "10.5", "~/x", '"x"', "münchen.example"];

/** Null where the settings were accepted; else what is wrong with them, which has to be sentences of ours. */
function problemsOf(input: Parameters<typeof loadConfig>[0]): readonly string[] | null {
  try {
    loadConfig(input);
    return null;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
}

test(`${rounds} damaged files of settings are read or refused in short sentences with their place`, () => {
  const random = seededRandom(11);
  let accepted = 0;
  for (let round = 0; round < rounds; round++) {
    const problems = problemsOf({ flags: [], env: {}, file: { bytes: mutate(file, random), folder: "/data" }, cwd: "/" });
    if (problems === null) accepted++;
    for (const problem of problems ?? []) {
      if (!problem.startsWith("isengard.json: ") && !problem.startsWith("host ")) throw new Error(problem);
      expect(problem.length).toBeLessThan(700);
    }
  }
  // Both ends are met: were all refused, the reader itself would be broken.
  expect(accepted).toBeGreaterThan(rounds / 100);
  expect(accepted).toBeLessThan(rounds);
});

test(`${rounds} damaged values of options and variables name where they stand`, () => {
  const random = seededRandom(12);
  const keys = Object.values(configKeys);
  for (let round = 0; round < rounds; round++) {
    const key = keys[random(keys.length)]!;
    const text = Buffer.from(mutate(Buffer.from(values[random(values.length)]!), random)).toString("utf8");
    const byFlag = random(2) === 0;
    const problems = problemsOf({ flags: byFlag ? [`--${key.flag}=${text}`] : [], env: byFlag ? {} : { [key.env]: text }, file: null, cwd: "/" });
    for (const problem of problems ?? []) {
      const names = [`--${key.flag}`, key.env, "host ", "--no-auth"];
      if (!names.some((name) => problem.includes(name))) throw new Error(`${JSON.stringify(text)}: ${problem}`);
    }
  }
});
