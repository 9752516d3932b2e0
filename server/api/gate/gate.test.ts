import { expect, test } from "bun:test";
import { openLibrary } from "../../testing/library.ts";
import { Sessions } from "../../db/sessions.ts";
import { Access } from "./access.ts";
import { createGate } from "./gate.ts";

const token = "t".repeat(43);

test("what a browser says of the site that a request comes from decides, also with the right token and without an origin", async () => {
  using library = openLibrary();
  const access = new Access(token, new Sessions(library.db), { enabled: true });
  const gate = createGate({ access, hosts: { allowedHosts: [], listenHost: "127.0.0.1", podId: null }, loginPage: () => new Response("login") });
  const statusOf = (path: string, headers: Record<string, string>) =>
    gate(new Request(`http://127.0.0.1:1${path}`, { headers: { host: "127.0.0.1:1", authorization: `Bearer ${token}`, ...headers } }))?.status ?? 200;
  for (const site of ["cross-site", "same-site"]) expect([site, statusOf("/api/jobs", { "sec-fetch-site": site })]).toEqual([site, 403]);
  for (const site of ["same-origin", "none"]) expect([site, statusOf("/api/jobs", { "sec-fetch-site": site })]).toEqual([site, 200]);
  // A link on another site may lead to a page, never to data.
  expect(statusOf("/gallery", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" })).toBe(200);
  expect(statusOf("/api/jobs", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" })).toBe(403);
});
