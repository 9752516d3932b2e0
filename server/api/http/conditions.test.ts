import { expect, test } from "bun:test";
import { byteRange, hasCurrent, mayBePart, takenEncodings, wantsWebSocket } from "./conditions.ts";

const ask = (headers: Record<string, string>) => new Request("http://127.0.0.1/x", { headers });

test.each([
  ['"x"', true], ['W/"x"', true], ["*", true], [' * ', true], ['"a", "x"', true], ['"a",W/"x" , "b"', true], ['"y"', false], ["x", false], ["", false], ['W/"xx"', false],
])("If-None-Match: %s with the tag \"x\": has it %p", (header, has) => {
  expect(hasCurrent(ask({ "if-none-match": header }), '"x"')).toBe(has);
});

test.each([
  ["bytes=0-1", { from: 0, to: 2 }], ["bytes= 0-1", { from: 0, to: 2 }], ["Bytes=0 - 1 ", { from: 0, to: 2 }], ["bytes=8-", { from: 8, to: 10 }], ["bytes=-3", { from: 7, to: 10 }],
  ["bytes=0-99", { from: 0, to: 10 }], ["bytes=10-", "unsatisfiable"], ["bytes=-0", "unsatisfiable"], ["bytes=5-2", null], ["bytes=0-1,4-5", null], ["items=0-1", null],
  ["bytes=", null], ["bytes=-", null], ["bytes=0x1-2", null], ["bytes=99999999999999999999-", null],
] as const)("Range: %s of 10 bytes is %p", (header, range) => {
  expect(byteRange(ask({ range: header }), 10)).toEqual(range);
});

test("a part is sent only of the version that If-Range names, compared strongly", () => {
  expect([mayBePart(ask({}), '"x"'), mayBePart(ask({ "if-range": '"x"' }), '"x"'), mayBePart(ask({ "if-range": 'W/"x"' }), '"x"'), mayBePart(ask({ "if-range": '"x"' }), null)])
    .toEqual([true, true, false, false]);
});

test.each([
  ["gzip;q=0", []], ["gzip, br", ["br", "gzip"]], ["*", ["br", "zstd", "gzip"]], ["*;q=0, gzip", ["gzip"]], ["GZIP ; Q=0.5", ["gzip"]], ["identity", []], ["", []], ["br;q=0, *", ["zstd", "gzip"]],
  ["gzip;q=nonsense", ["gzip"]],
])("Accept-Encoding: %s takes %p", (header, taken) => {
  expect([...takenEncodings(ask({ "accept-encoding": header }))]).toEqual(taken as never);
});

test("the wish for a socket is understood in any case, and in a list", () => {
  for (const word of ["websocket", "WebSocket", "WEBSOCKET", "h2c, websocket"]) expect(wantsWebSocket(ask({ upgrade: word }))).toBe(true);
  for (const word of ["h2c", "websockets"]) expect(wantsWebSocket(ask({ upgrade: word }))).toBe(false);
});
