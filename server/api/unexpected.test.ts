import { Elysia } from "elysia";
import { afterEach, beforeEach, expect, test } from "bun:test";
import type { ErrorBody } from "../contract/error.ts";
import { createLog } from "../log.ts";
import { openLibrary, type TestLibrary } from "../testing/library.ts";
import { charactersApi } from "./characters.ts";
import { openContext } from "./context.ts";
import { onError } from "./on-error.ts";

let library: TestLibrary;
beforeEach(() => { library = openLibrary(); });
afterEach(() => library.close());

test("F07: an error that nobody foresaw is answered with a reference that leads to its line of the log, shows nothing of the inside, and the server lives", async () => {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) }, "warn");
  const app = new Elysia().onRequest(({ request }) => void openContext(request, () => "cor-made")).use(onError(log)).use(charactersApi(library));
  app.listen({ port: 0, hostname: "127.0.0.1" });
  const ask = () => fetch(`http://127.0.0.1:${app.server!.port}/api/characters`, { headers: { "x-correlation-id": "cor-page-7" } });
  const list = library.characters.list.bind(library.characters);
  const inside = "undefined is not a function at /home/ada/secret.ts:7";
  const throws = [new Error(inside), inside, { code: "SECRET", inside }];
  for (const thrown of throws) {
    library.characters.list = () => { throw thrown; };
    const answer = await ask();
    const body = (await answer.json()) as ErrorBody;
    expect(answer.status).toBe(500);
    expect(body.error).toMatchObject({ code: "internal", what: "Isengard could not finish this request.", correlationId: "cor-page-7", fix: expect.stringContaining("copy the reference") });
    expect(JSON.stringify(body)).not.toContain("secret.ts");
    expect(lines.pop()).toContain('"correlationId":"cor-page-7"');
  }
  library.characters.list = list;
  expect((await ask()).status).toBe(200);
  await app.stop(true);
});
