import { expect, test } from "bun:test";
import { loraFoldersOf, modelPathsYaml } from "./models-yaml.ts";

test.each(["/data/loras", "/with space/ü", "/a \"quote\": #no comment", "/it's/{x: 1}/- y", "C:\\data\\loras"])("%s is one folder and nothing else", (folder) => {
  const yaml = modelPathsYaml(folder);
  expect(Bun.YAML.parse(yaml)).toEqual({ isengard: { loras: folder } });
  expect(loraFoldersOf(yaml)).toEqual([folder]);
});

test("a folder with a line break is refused, since ComfyUI would read two", () => {
  expect(() => modelPathsYaml("/data\n  checkpoints: /etc")).toThrow("line break");
});
