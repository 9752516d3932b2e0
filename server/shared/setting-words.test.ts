import { expect, test } from "bun:test";
import { configKeys } from "../base/config-keys.ts";
import { placeOf, settingPlaces } from "./setting-words.ts";

test("a text that says where to set something names the flag, variable and key that are read", () => {
  for (const [name, place] of Object.entries(settingPlaces)) {
    const key = configKeys[name as keyof typeof settingPlaces];
    expect<{ flag: string; env: string }>(place).toEqual({ flag: key.flag, env: key.env });
  }
  expect(placeOf("comfyuiUrl")).toBe('--comfyui-url, COMFYUI_URL or "comfyuiUrl" in isengard.json');
});
