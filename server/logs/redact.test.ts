import { describe, expect, test } from "bun:test";
import { Redactor } from "./redact.ts";

/** A fixed generator: a failure names its seed by being the same every time. */
function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
const random = randomSource(20261121);
const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const text = (length: number, from = letters) => Array.from({ length }, () => from[Math.floor(random() * from.length)]).join("");
const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

const shaped: Record<string, () => string> = {
  huggingFace: () => `hf_${text(34)}`,
  openAi: () => `sk-proj-${text(40)}`,
  github: () => `${pick(["ghp_", "gho_", "ghs_"])}${text(36)}`,
  githubFine: () => `github_pat_${text(22)}_${text(59)}`,
  amazon: () => `AKIA${text(16, upper)}`,
  runpod: () => `rpa_${text(40, upper)}`,
  jwt: () => `eyJ${text(20)}.eyJ${text(40)}.${text(43)}`,
};
const carriers: Record<string, (secret: string) => string> = {
  alone: (s) => s,
  sentence: (s) => `could not use ${s} for the download`,
  bearer: (s) => `Authorization: Bearer ${s}`,
  curl: (s) => `curl -H 'Authorization: Bearer ${s}' https://huggingface.co/api/models`,
  query: (s) => `GET https://civitai.com/api/download/models/1?type=Model&token=${s}&format=SafeTensor 200`,
  encoded: (s) => `redirect=https%3A%2F%2Fx.example%2F%3Ftoken%3D${encodeURIComponent(s)}%26a%3D1`,
  json: (s) => JSON.stringify({ a: 1, nested: { api_key: s, b: [true] } }),
  jsonInJson: (s) => JSON.stringify({ message: JSON.stringify({ password: s, x: 2 }) }),
  python: (s) => `{'hf_token': '${s}', 'steps': 20}`,
  environment: (s) => `HF_TOKEN=${s} python run.py`,
  flag: (s) => `argv: run.py --token ${s} --steps 20`,
  argv: (s) => JSON.stringify(["run.py", "--api-key", s, "--steps", "20"]),
  userinfo: (s) => `git clone https://user:${s}@github.com/x/y.git`,
  cookie: (s) => `Cookie: theme=dark; isengard-1a2b3c4d=${s}; lang=en`,
  setCookie: (s) => JSON.stringify({ headers: { "set-cookie": `isengard-1a2b3c4d=${s}; HttpOnly` } }),
};

describe("redaction by pattern", () => {
  for (const [kind, make] of Object.entries(shaped)) {
    for (const [place, carry] of Object.entries(carriers)) {
      test(`a secret shaped like ${kind} does not survive in ${place}`, () => {
        const secret = make();
        const clean = new Redactor([]).redact(carry(secret));
        expect(clean).not.toContain(secret);
        expect(clean).not.toContain(secret.slice(-12));
        expect(clean).toContain("[redacted]");
      });
    }
  }

  const named = Object.entries(carriers).filter(([place]) => place !== "alone" && place !== "sentence");
  test.each(named)("a shapeless password does not survive in %s", (_place, carry) => {
    const secret = text(20);
    expect(new Redactor([]).redact(carry(secret))).not.toContain(secret);
  });

  test("a CivitAI key is recognised beside the name of the site", () => {
    const key = text(32, "0123456789abcdef");
    expect(new Redactor([]).redact(`civitai key ${key} refused`)).toBe("civitai key [redacted] refused");
  });

  test("a private key is cut out whole", () => {
    const pem = `-----BEGIN RSA PRIVATE KEY-----\n${text(64)}\n${text(64)}\n-----END RSA PRIVATE KEY-----`;
    expect(new Redactor([]).redact(`key: ${pem} end`)).toBe("key: -----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY----- end");
  });
});

describe("redaction by value", () => {
  test("F64: 200 planted secrets of all kinds survive in no form and in no field", () => {
    const odd = `${letters} "'\\/+=&?#%@:äß€`;
    const planted = Array.from({ length: 200 }, (_, index) =>
      index % 2 === 0 ? pick(Object.values(shaped))() : `${text(3)}${text(8 + Math.floor(random() * 30), odd).trim()}${text(3)}`);
    const redactor = new Redactor([]);
    for (const secret of planted) redactor.addSecret(secret);
    for (const secret of planted) {
      const carried = pick(Object.values(carriers));
      const basic = Buffer.from(`${text(1 + Math.floor(random() * 3))}:${secret}`).toString("base64");
      const line = JSON.stringify({
        message: `before ${secret} behind`, first: secret, [`key ${secret}`]: { deep: [1, secret] }, inner: JSON.stringify({ secret }),
        url: `https://x.example/?a=${encodeURIComponent(secret)}`, form: encodeURIComponent(secret).replaceAll("%20", "+"),
        basic, plain: Buffer.from(secret).toString("base64"), url64: Buffer.from(secret).toString("base64url"), carried: carried(secret),
      });
      const clean = redactor.redact(line);
      for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), Buffer.from(secret).toString("base64").replace(/=+$/, "").slice(0, -1)]) {
        expect(clean).not.toContain(form);
      }
      const decoded = Buffer.from(/"basic":"([^"]*)"/.exec(clean)?.[1] ?? "", "base64").toString();
      expect(decoded).not.toContain(secret);
      const read = JSON.parse(clean) as Record<string, unknown>;
      expect(Object.keys(read).length).toBeGreaterThan(5);
      expect(redactor.redact(clean)).toBe(clean);
    }
  });

  test("a secret or a home that becomes known later is hidden from the next text on, also between equal letters", () => {
    const redactor = new Redactor([]);
    expect(redactor.redact("has zebra-crossing in /srv/anna/x")).toBe("has zebra-crossing in /srv/anna/x");
    redactor.addSecret("zebra-crossing");
    expect(redactor.redact("has zebrzebra-zebra-crossing in /srv/anna/x")).toBe("has zebrzebra-[redacted] in /srv/anna/x");
    redactor.addHome("/srv/anna");
    expect(redactor.redact("has zebra-crossing in /srv/anna/x")).toBe("has [redacted] in ~/x");
  });

  test("a text too short to be a secret is ignored, so that words stay", () => {
    const redactor = new Redactor([]);
    redactor.addSecret("step");
    expect(redactor.redact("step 5 of 20")).toBe("step 5 of 20");
  });
});

describe("home folders", () => {
  test("are shown as ~ in plain, encoded and JSON text, and only there", () => {
    const redactor = new Redactor(["/home/alice/"]);
    expect(redactor.redact("wrote /home/alice/models/a.safetensors.")).toBe("wrote ~/models/a.safetensors.");
    expect(redactor.redact("in /home/alice.")).toBe("in ~.");
    expect(redactor.redact(JSON.stringify("a\n/home/alice/x"))).toBe(JSON.stringify("a\n~/x"));
    expect(redactor.redact("?p=%2Fhome%2Falice%2Fx")).toBe("?p=~%2Fx");
    expect(redactor.redact("/home/alice2/x /mnt/home/alice/x /home/alice.bak")).toBe("/home/alice2/x /mnt/home/alice/x /home/alice.bak");
  });

  test("the root folder is never taken for a home", () => {
    expect(new Redactor(["/"]).redact("/etc/hosts")).toBe("/etc/hosts");
  });
});

describe("ordinary text", () => {
  const ordinary = [
    "portrait:  42%|####2     | 210/500 [01:22<01:53,  2.55it/s, lr: 1.0e-04 loss: 3.214e-01]",
    "Loading checkpoint shards: 100%|##########| 2/2 [00:00<00:00,  7.41it/s]",
    "Saved checkpoint to output/portrait_000000500.safetensors",
    "hf_transfer is not installed; hf_hub_download falls back to requests",
    "Token indices sequence length is longer than the maximum (93 > 77)",
    "pad_token='<|endoftext|>', model_max_length=77, eos_token: </s>",
    "caching latents to disk: disk-usage-monitor-service-report ok",
    '{"token":41,"level":"info","offset":123456,"fields":{"tokens":[1,2,3],"keyframe":"a"}}',
    "The keyboard key is stuck; the monkey=banana passes; basic settings; bearer of news",
    "https://huggingface.co/black-forest-labs/FLUX.1-dev/resolve/main/ae.safetensors?download=true",
    "mail to user@example.org at 12:30@home",
    "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0ba822cd15d6c15b0f00a8",
    "epoch: 1, prompt: a photo of ohwx man, seed=42, cfg: 3.5",
    "",
  ];
  test.each(ordinary)("stays unchanged: %s", (line) => {
    const redactor = new Redactor(["/home/alice"]);
    redactor.addSecret(`hf_${text(34)}`);
    expect(redactor.redact(line)).toBe(line);
  });
});
