import { expect, test } from "bun:test";
import { seededRandom } from "../../testing/random.ts";
import { jitter, longestWaitMs, waitAfter, waitLeft } from "./back-off.ts";
import { retryText, ruleFor } from "./policy.ts";
import { failureCodes, type FailureRule } from "../../shared/failure-codes.ts";

const rules = Object.entries(failureCodes).flatMap(([code, entry]): Array<[string, FailureRule]> => ("rule" in entry ? [[code, entry.rule]] : []));

test("Q12: each class of failure has its automatic action, and what a person must repair is never tried by itself", () => {
  const tries = Object.fromEntries(rules.map(([code, rule]) => [code, rule.kind === "retry" ? rule.retries + 1 : rule.kind]));
  expect(tries).toEqual({
    network: 6, interrupted: 3, killed: 2, host_oom: 2, native_crash: 2, port: 3, status_locked: 3, storage: 6, short_supply: 6, corrupt_model: 2, disk_full: "wait-for-room",
  });
  const never = [
    "hf_auth", "hf_gated", "hf_missing", "config", "vram", "diverged", "install", "unknown", "gpu_fault", "no_photos",
    "ended_without_result", "internal", "server_died", "toString", "__proto__",
  ];
  for (const code of never) expect(ruleFor(code), code).toBeNull();
});

test("Q12: every wait lies in its band, none is shorter than the one before, and all of a class fit into an hour", () => {
  const random = seededRandom(20261121);
  for (const [code, rule] of rules) {
    if (rule.kind !== "retry") continue;
    expect(rule.factor).toBeGreaterThanOrEqual((1 + jitter) / (1 - jitter));
    for (let round = 0; round < 500; round++) {
      let before = 0;
      let sum = 0;
      for (let failed = 1; failed <= rule.retries; failed++) {
        const middle = rule.firstMs * rule.factor ** (failed - 1);
        const wait = waitAfter(rule, failed, random(1_000_001) / 1_000_000)!;
        expect(wait, code).toBeGreaterThanOrEqual(middle * (1 - jitter) - 1e-6);
        expect(wait, code).toBeLessThanOrEqual(middle * (1 + jitter) + 1e-6);
        expect(wait, code).toBeGreaterThanOrEqual(before);
        before = wait;
        sum += wait;
      }
      expect(sum).toBeLessThanOrEqual(60 * 60_000);
      expect(waitAfter(rule, rule.retries + 1, 0.5)).toBeNull();
    }
  }
});

test("Q12: a time that the other side names is never undercut, and never longer than an hour", () => {
  const rule = { retries: 5, firstMs: 40_000, factor: 2.5 };
  expect(waitAfter(rule, 1, 0.5, 300_000)).toBe(300_000);
  expect(waitAfter(rule, 1, 0.5, 1_000)).toBe(40_000);
  expect(waitAfter(rule, 1, 0.5, 86_400_000)).toBe(longestWaitMs);
});

test("Q16, F51: after a restart a clock that was set back cannot make a wait longer, and one set forward ends it", () => {
  const start = Date.parse("2026-11-21T12:00:00.000Z");
  const notBefore = new Date(start + 40_000).toISOString();
  const days = 3 * 24 * 60 * 60_000;
  expect(waitLeft(notBefore, 40_000, start + 10_000)).toBe(30_000);
  expect(waitLeft(notBefore, 40_000, start - days)).toBe(40_000);
  expect(waitLeft(notBefore, 40_000, start + days)).toBe(0);
  expect(waitLeft("nonsense", 40_000, start)).toBe(0);
});

test("the sentence names the time, the reason and the try, in steps that need few writes", () => {
  expect(retryText(40_000, "the network failed", 2, 6)).toBe("Tries again in 40 s because the network failed (try 2 of 6).");
  expect(retryText(0, "the network failed", 2, 6)).toBe("Tries again now because the network failed (try 2 of 6).");
  expect(retryText(625_000, "the network failed", 5, 6)).toBe("Tries again in 10 minutes because the network failed (try 5 of 6).");
  const texts = new Set(Array.from({ length: 1563 }, (_, second) => retryText(second * 1000, "x", 2, 6)));
  expect(texts.size).toBeLessThan(45);
});
