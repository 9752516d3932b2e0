import { expect, test } from "bun:test";
import { testCharacter } from "../../testing/app.ts";
import { findCharacters } from "./character-search.ts";

const people = ["Anna Nguyen", "Anna Okafor", "Anna Müller", "Emma Annan", "Tom"].map((name, index) =>
  testCharacter({ id: `chr-${index}`, name, triggerWord: "annam7", photoCount: index }));
const names = (query: string, order: "changed" | "name" | "photos" = "changed") => findCharacters(people, query, order).map(({ name }) => name);

test("the person whose name begins with the typed words comes first", () => {
  expect(names("anna m")[0]).toBe("Anna Müller");
  expect(names("muller")).toEqual(["Anna Müller"]);
  expect(names("ann")).toEqual(["Anna Nguyen", "Anna Okafor", "Anna Müller", "Emma Annan", "Tom"]);
  expect(names("nobody")).toEqual([]);
});

test("without a search the chosen order counts", () => {
  expect(names("")).toEqual(people.map(({ name }) => name));
  expect(names(" ", "name")[2]).toBe("Anna Okafor");
  expect(names("", "photos")[0]).toBe("Tom");
});
