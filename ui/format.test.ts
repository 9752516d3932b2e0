import { expect, test } from "bun:test";
import { formatAge, formatBytes, formatDuration, formatPercent, formatTimeLeft, plural } from "./format.ts";

test.each([[0, "0 B"], [999, "999 B"], [1000, "1.0 KiB"], [10_100, "9.9 KiB"], [10_240, "10 KiB"], [1_048_500, "1.0 MiB"], [171e6, "163 MiB"], [73.87e9, "68.8 GiB"], [150e9, "140 GiB"], [2.4e12, "2.2 TiB"]] as const)(
  "%d bytes read as %s",
  (bytes, text) => expect(formatBytes(bytes)).toBe(text),
);

test.each([[0.4, "0 s"], [59, "59 s"], [60, "1 min"], [3599, "60 min"], [3600, "1 h"], [11_520, "3 h 12 min"], [200_000, "2 days"], [90_000, "1 day"]] as const)(
  "%d seconds read as %s",
  (seconds, text) => expect(formatDuration(seconds)).toBe(text),
);

test("the time left is rounded so that it does not flicker", () => {
  expect([1430, 1445, 301, 185, 44, 11, 3].map(formatTimeLeft)).toEqual([
    "about 24 min left", "about 24 min left", "about 5 min left", "about 3 min left", "about 50 s left", "about 20 s left", "a few seconds left",
  ]);
});

test("ages are words, also for a clock that is ahead or a time that is none", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  expect(formatAge("2026-11-21T12:00:03Z", now)).toBe("just now");
  expect(formatAge("2026-11-21T11:55:00Z", now)).toBe("5 min ago");
  expect(formatAge("", now)).toBe("at an unknown time");
});

test("a percentage never says 100 before the end", () => {
  expect([0.999, 1, 1.2, -1].map(formatPercent)).toEqual(["99 %", "100 %", "100 %", "0 %"]);
});

test("counts have their noun", () => {
  expect([plural(1, "photo"), plural(1234, "photo"), plural(2, "file was", "files were")]).toEqual(["1 photo", "1,234 photos", "2 files were"]);
});
