import { expect, test } from "bun:test";
import { misreadByTools } from "./tool-path.ts";

test.each([
  ["/data/[name]/x", "[name]"],
  ["/data/x${HOME}y", "${…}"],
  ["/data/$HOME", "$"],
  ["/data/photos [2026]", "pattern"],
  ["/data/what?", "pattern"],
  ["/data/a*b", "pattern"],
])("a trainer would misread %p", (path, sign) => {
  expect(misreadByTools(path)).toContain(sign);
});

test.each(["/data/isengard", "/home/ada/My photos (2026)", "/srv/5$", "/data/ö{x}"])("%p is read as it is", (path) => {
  expect(misreadByTools(path)).toBeNull();
});
