import { afterEach, beforeEach, expect, test } from "bun:test";
import { Sessions } from "../../db/sessions.ts";
import { openLibrary, type TestLibrary } from "../../testing/library.ts";
import { Access } from "./access.ts";

let library: TestLibrary;
beforeEach(() => { library = openLibrary(); });
afterEach(() => library.close());

/** As a server has it after a start: nothing is known but what the database says. */
const startedAccess = () => new Access("the access token", new Sessions(library.db), { enabled: true });
const rows = () => library.db.query<{ count: number }, []>("select count(*) as count from session").get()!.count;
function unseenFor(days: number): void {
  library.db.query("update session set last_seen_at = ?").run(new Date(Date.now() - days * 86_400_000).toISOString());
}

test("a browser that was away for 29 days is still signed in, and after 31 days it is not", () => {
  const cookie = startedAccess().openSession("a browser");
  unseenFor(29);
  expect(startedAccess().acceptsSession(cookie)).toBeTruthy();
  unseenFor(31);
  expect(startedAccess().acceptsSession(cookie)).toBeFalsy();
});

test("to be seen begins the 30 days anew", () => {
  const cookie = startedAccess().openSession("a browser");
  unseenFor(29);
  startedAccess().acceptsSession(cookie);
  const { last_seen_at } = library.db.query<{ last_seen_at: string }, []>("select last_seen_at from session").get()!;
  expect(Date.now() - Date.parse(last_seen_at)).toBeLessThan(86_400_000);
});

test("a session that grows too old while the server runs is forgotten, and what lasted with it ends", () => {
  const access = startedAccess();
  const [away, here] = [access.openSession("away"), access.openSession("here")].map((cookie) => ({ cookie, end: access.endOf(access.acceptsSession(cookie)!) }));
  library.db.query("update session set last_seen_at = ? where label = 'away'").run(new Date(Date.now() - 31 * 86_400_000).toISOString());
  access.expire();
  expect([away!, here!].map(({ cookie, end }) => [end.aborted, access.acceptsSession(cookie) !== null])).toEqual([[true, false], [false, true]]);
  expect(rows()).toBe(1);
});
