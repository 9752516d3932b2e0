import { Elysia } from "elysia";
import { afterEach, beforeEach, expect, test } from "bun:test";
import type { ErrorBody } from "../../contract/error.ts";
import { createLog } from "../../base/log.ts";
import { openLibrary, type TestLibrary } from "../../testing/library.ts";
import { charactersApi } from "../characters.ts";
import { openContext } from "./context.ts";
import { onError } from "./on-error.ts";

let library: TestLibrary;
beforeEach(() => { library = openLibrary(); });
afterEach(() => library.close());

test("what the system refuses is told in words, never with its own", async () => {
  const app = new Elysia().use(onError(createLog({ write: () => {} }, "error"))).use(charactersApi(library)).listen({ port: 0, hostname: "127.0.0.1" });
  const ask = async (thrown: Error) => {
    library.characters.list = () => { throw thrown; };
    const answer = await fetch(`http://127.0.0.1:${app.server!.port}/api/characters`);
    return { status: answer.status, text: await answer.text() };
  };
  const fault = (code: string, more: object) => Object.assign(new Error(`${code}: secret words, open '/home/ada'`), { code }, more);
  const cases: Array<[string, object, number, string]> = [
    ["ENOSPC", { syscall: "write" }, 507, "storage_full"], ["SQLITE_FULL", {}, 507, "storage_full"], ["ENOENT", { syscall: "open" }, 503, "storage_unusable"],
    ["EACCES", { syscall: "open" }, 503, "storage_unusable"], ["EROFS", { syscall: "open" }, 503, "storage_unusable"], ["EIO", { syscall: "read" }, 503, "storage_unusable"],
    ["SQLITE_IOERR_WRITE", {}, 503, "storage_unusable"], ["SQLITE_READONLY", {}, 503, "storage_unusable"], ["ENOENT", {}, 500, "internal"], ["SQLITE_MISMATCH", {}, 500, "internal"],
  ];
  for (const [code, more, status, told] of cases) {
    const answer = await ask(fault(code, more));
    expect({ code, ...answer }).toMatchObject({ status, text: expect.stringContaining(`"code":"${told}"`) });
    expect(answer.text).not.toMatch(/secret|SQLITE|E[A-Z]{3,}|home/);
  }
  await app.stop(true);
});

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
