import { expect, test } from "bun:test";
import { join } from "node:path";
import { earlierNames as generationNames } from "./generation-request.ts";
import { earlierRoutes } from "./routes.ts";
import { earlierNames as trainingNames } from "./training-request.ts";

const text = await Bun.file(join(import.meta.dir, "../../../docs/earlier-routes.md")).text();

test("the documented earlier routes are those that answer in the earlier form", () => {
  const documented = [...text.matchAll(/^\| ((?:GET|POST|PATCH|DELETE) \/\S+) \|/gm)].map((match) => match[1]);
  expect(documented.toSorted()).toEqual(earlierRoutes.map(({ method, path }) => `${method} ${path}`).toSorted());
});

test("every earlier name that is understood is documented with its present one", () => {
  for (const [old, name] of Object.entries({ ...generationNames, ...trainingNames, trigger_word: "triggerWord" })) {
    const line = text.split("\n").find((each) => each.startsWith("|") && each.includes(`\`${old}\``) && each.includes(`\`${name}\``));
    expect({ old, name, documented: line !== undefined }).toEqual({ old, name, documented: true });
  }
});
