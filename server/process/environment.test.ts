import { expect, test } from "bun:test";
import { baseEnvironment } from "./environment.ts";

test("what steers the hub's library reaches the tools; its secrets and what it no longer reads do not", () => {
  const passed = {
    HF_HOME: "/hf", HF_HUB_CACHE: "/hub", HF_ENDPOINT: "https://mirror.example", HF_HUB_OFFLINE: "1", HF_HUB_DISABLE_XET: "1",
    HF_HUB_DOWNLOAD_TIMEOUT: "60", HF_HUB_ETAG_TIMEOUT: "30", HF_XET_HIGH_PERFORMANCE: "1", HF_XET_CACHE: "/xet", HF_XET_NUM_CONCURRENT_RANGE_GETS: "4",
  };
  const kept = { HF_TOKEN: "hf_a", HUGGING_FACE_HUB_TOKEN: "hf_b", HF_XET_TOKEN: "hf_c", HF_HUB_ENABLE_HF_TRANSFER: "1", RUNPOD_API_KEY: "r", BUN_OPTIONS: "--x" };
  expect(baseEnvironment({ ...passed, ...kept })).toEqual(passed);
});
