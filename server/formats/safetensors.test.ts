import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../testing/folder.ts";
import { seededRandom } from "../testing/random.ts";
import { rankOf, readSafetensors, readSafetensorsBytes, readSafetensorsInTurns } from "./safetensors.ts";

const lengthOf = (count: number | bigint) => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(count));
  return length;
};
/** A file with this header and so many bytes of data. */
const file = (header: string | Uint8Array, data = 0) => Buffer.concat([lengthOf(Buffer.byteLength(header)), Buffer.from(header as string), Buffer.alloc(data, 1)]);
const tensor = (dtype: string, shape: string, from: number, to: number, more = "") => `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${from},${to}]${more}}`;
const byte = tensor("U8", "[1]", 0, 1);
const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;

// What the loader of the tools (safetensors 0.8.0 of PyPI, which is the Rust library) said to the same bytes.
const accepted: Array<[what: string, bytes: Uint8Array]> = [
  ["one tensor", file(`{"a":${byte}}`, 1)],
  ["white space around everything", file(` \n{ "a" : ${byte}\t} \r\n`, 1)],
  ["no metadata, said as null", file(`{"__metadata__":null,"a":${byte}}`, 1)],
  ["one name twice in the metadata", file(`{"__metadata__":{"a":"1","a":"2"},"a":${byte}}`, 1)],
  ["one tensor twice", file(`{"a":${byte},"a":${byte}}`, 1)],
  ["a tensor as a list", file('{"a":["U8",[1],[0,1]]}', 1)],
  ["fields that nobody knows, twice", file(`{"a":${tensor("U8", "[1]", 0, 1, ',"x":{"y":[1.5e3]},"x":null')}}`, 1)],
  ["as many levels as are allowed", file(`{"a":${tensor("U8", "[1]", 0, 1, `,"x":${nested(125)}`)}}`, 1)],
  ["no tensors at all", file("{}")],
  ["a single number", file(`{"a":${tensor("U8", "[]", 0, 1)}}`, 1)],
  ["a tensor of no values", file(`{"a":${tensor("F16", "[0,3]", 0, 0)}}`)],
  ["no values, then sizes beyond 64 bits", file(`{"a":${tensor("U8", "[0,18446744073709551615,18446744073709551615]", 0, 0)}}`)],
  ["a hundred dimensions", file(`{"a":${tensor("U8", `[${Array(100).fill(1).join(",")}]`, 0, 1)}}`, 1)],
  ["letters beyond ASCII", file(`{"__metadata__":{"name":"Zoë 🙂"},"日本":${byte}}`, 1)],
  ["tensors in any order, with empty ones between", file(`{"b":${tensor("U8", "[1]", 1, 2)},"n":${tensor("U8", "[0]", 1, 1)},"a":${byte}}`, 2)],
  ["a name like a method of objects", file(`{"__proto__":${byte},"toString":${tensor("U8", "[0]", 0, 0)}}`, 1)],
];

test.each(accepted)("takes %s", async (_what, bytes) => {
  expect(readSafetensorsBytes(bytes)).toMatchObject({ kind: "valid", header: { sizeBytes: bytes.length } });
});

const types = {
  4: "F4", 6: "F6_E2M3 F6_E3M2", 8: "BOOL U8 I8 F8_E5M2 F8_E4M3 F8_E8M0 F8_E4M3FNUZ F8_E5M2FNUZ", 16: "I16 U16 F16 BF16", 32: "I32 U32 F32", 64: "C64 F64 I64 U64",
};

test("takes each number type of the format with its own size and with no other", () => {
  for (const [bits, names] of Object.entries(types)) {
    for (const name of names.split(" ")) {
      const fits = Object.keys(types).filter((other) => readSafetensorsBytes(file(`{"a":${tensor(name, "[8]", 0, Number(other))}}`, Number(other))).kind === "valid");
      expect(fits, name).toEqual([bits]);
    }
  }
});

const refused: Array<[what: string, bytes: Uint8Array, why: string]> = [
  ["a header length of 2^64−1", Buffer.alloc(16, 255), "more than 100 MB"],
  ["a header of 100 MB and one byte", Buffer.concat([lengthOf(100_000_001), Buffer.from("{}")]), "more than 100 MB"],
  ["a header longer than the file", file(`{"a":${byte}}`, 1).subarray(0, 20), "inside its header"],
  ["a header of no bytes", Buffer.concat([lengthOf(0), Buffer.from("x".repeat(9))]), "not JSON"],
  ["no JSON", file("{nonsense"), "not JSON"],
  ["a list", file("[]"), "not JSON"],
  ["zeros behind the JSON", file(`{"a":${byte}}\0\0`, 1), "not JSON"],
  ["a byte order mark", file(`\uFEFF{"a":${byte}}`, 1), "not JSON"],
  ["a line break in a name", file(`{"a\nb":${byte}}`, 1), "not JSON"],
  ["half of a pair in a name", file(`{"\\ud800":${byte}}`, 1), "not JSON"],
  ["half of a pair where nobody reads", file(`{"a":${tensor("U8", "[1]", 0, 1, ',"x":"\\ud800"')}}`, 1), "not JSON"],
  ["a header that is not UTF-8", file(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), "not UTF-8"],
  ["one level too many", file(`{"a":${tensor("U8", "[1]", 0, 1, `,"x":${nested(126)}`)}}`, 1), "levels"],
  ["a hundred thousand levels", file(`{"a":${"[".repeat(100_000)}`), "size is meant|not JSON|described"],
  ["a number out of range", file(`{"a":${tensor("U8", "[1]", 0, 1, ',"x":1e999')}}`, 1), "not JSON"],
  ["metadata with a number", file(`{"__metadata__":{"rank":16},"a":${byte}}`, 1), 'not text ("rank")'],
  ["metadata within metadata", file(`{"__metadata__":{"a":{"b":"c"}},"a":${byte}}`, 1), "not text"],
  ["metadata that is a list", file(`{"__metadata__":[],"a":${byte}}`, 1), "not JSON"],
  ["metadata under a name with an escape", file(`{"\\u005f_metadata__":{"a":1},"a":${byte}}`, 1), "not text"],
  ["metadata twice", file(`{"__metadata__":{},"__metadata__":{},"a":${byte}}`, 1), "twice"],
  ["a field twice", file('{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1), "twice"],
  ["a field too few", file('{"a":{"dtype":"U8","shape":[1]}}', 1), "not described"],
  ["an unknown type", file(`{"a":${tensor("Q4", "[1]", 0, 1)}}`, 1), "unknown type"],
  ["a type in small letters", file(`{"a":${tensor("u8", "[1]", 0, 1)}}`, 1), "unknown type"],
  ["a type named like a method", file(`{"a":${tensor("toString", "[1]", 0, 1)}}`, 1), "unknown type"],
  ["a size with a point", file(`{"a":${tensor("U8", "[1.0]", 0, 1)}}`, 1), "size is meant"],
  ["minus zero", file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[-0,1]}}', 1), "size is meant"],
  ["a size of 2^64", file(`{"a":${tensor("U8", "[18446744073709551616]", 0, 1)}}`, 1), "size is meant"],
  ["a leading zero", file(`{"a":${tensor("U8", "[01]", 0, 1)}}`, 1), "not JSON"],
  ["three offsets", file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}}', 1), "not described"],
  ["offsets the wrong way round", file(`{"a":${tensor("U8", "[1]", 1, 0)}}`, 1), "another size"],
  ["sizes beyond 64 bits before a zero", file(`{"a":${tensor("U8", "[18446744073709551615,18446744073709551615,0]", 0, 0)}}`), "larger than a file"],
  ["half a byte", file(`{"a":${tensor("F4", "[1]", 0, 1)}}`, 1), "another size"],
  ["tensors that overlap", file(`{"a":${tensor("U8", "[2]", 0, 2)},"b":${tensor("U8", "[2]", 1, 3)}}`, 3), "overlaps"],
  ["a tensor of no values inside of another", file(`{"a":${tensor("U8", "[2]", 0, 2)},"b":${tensor("U8", "[0]", 1, 1)}}`, 2), "overlaps"],
  ["a gap", file(`{"a":${byte},"b":${tensor("U8", "[1]", 2, 3)}}`, 3), "gap"],
  ["bytes behind the last tensor", file(`{"a":${byte}}`, 9), "8 bytes that belong to no tensor"],
  ["missing bytes", file(`{"a":${tensor("U8", "[9]", 0, 9)}}`, 4), "cut short: 5 bytes"],
  ["bytes without tensors", file("{}", 1), "no tensor"],
];

test.each(refused)("refuses %s", (_what, bytes, why) => {
  expect(readSafetensorsBytes(bytes)).toMatchObject({ kind: "invalid", why: expect.stringMatching(new RegExp(why.replaceAll(/[()]/g, "\\$&"))) });
});

const families: Array<[what: string, bytes: string | Uint8Array, why: string]> = [
  ["nothing", "", "is empty"],
  ["a web page", "<!DOCTYPE html><html><body>Log in</body></html>", "web page"],
  ["a pointer of Git LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:00", "Git LFS"],
  ["a PyTorch file", "PK\u0003\u0004\0\0archive/data.pkl", "PyTorch"],
  ["an old pickle", Buffer.from([0x80, 0x02, 0x7d, 0x71, 0, 0x2e, 0, 0, 0]), "pickled"],
  ["another program's model", `GGUF${"\u0003".repeat(30)}`, "GGUF"],
  ["a packed file", Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), "gzip"],
  ["a picture", Buffer.from("\u0089PNG\r\n\u001a\n0000", "latin1"), "picture"],
  ["an answer of a site", '{"error":"Invalid credentials"}', "JSON"],
  ["a text", "Entry not found\n", "is a text"],
  ["room that was never written", Buffer.alloc(300), "only zeros"],
];

test.each(families)("says what it is instead, and the way out: %s", (_what, bytes, why) => {
  const found = readSafetensorsBytes(Buffer.from(bytes as string));
  expect(found).toMatchObject({ kind: "invalid", why: expect.stringContaining(why), fix: expect.stringMatching(/^[A-Z].*\.$/) });
});

test("from the disk it reads the same, and what is not there or not a file is said without the system's words", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "a.safetensors");
  writeFileSync(path, file(`{"__metadata__":{"training_info":"{}"},"x.lora_A.weight":${tensor("F16", "[2,4]", 0, 16)}}`, 16));
  const found = readSafetensors(path);
  if (found.kind === "invalid") throw new Error(found.why);
  expect([found.header.metadata.get("training_info"), rankOf(found.header.tensors), found.header.dataBytes]).toEqual(["{}", 2, 16]);
  expect(await readSafetensorsInTurns(path)).toEqual(found);
  mkdirSync(join(folder.path, "folder"));
  for (const [name, why] of [["none", "is not there"], ["folder", "is not a file"]] as const) {
    expect(readSafetensors(join(folder.path, name))).toMatchObject({ kind: "invalid", why });
  }
});

test("40,000 damaged files are judged without a throw, and what is called whole is whole", () => {
  const good = file(`{"__metadata__":{"format":"pt"},"a":${tensor("BF16", "[4,8]", 0, 64)},"b":${tensor("F8_E4M3", "[32]", 64, 96)}}`, 96);
  const random = seededRandom(99);
  let valid = 0;
  for (let round = 0; round < 40_000; round++) {
    const bytes = damage(good, random);
    const result = readSafetensorsBytes(bytes);
    if (result.kind === "invalid") continue;
    valid++;
    const { headerBytes, dataBytes, tensors } = result.header;
    expect(8 + headerBytes + dataBytes).toBe(bytes.length);
    expect([...tensors.values()].reduce((sum, { start, end }) => sum + end - start, 0)).toBe(dataBytes);
  }
  expect(valid).toBeWithin(1000, 30_000);
});

/** Bits, bytes, cuts, growth, and pieces of JSON in the wrong places. */
function damage(good: Uint8Array, random: (below: number) => number): Uint8Array {
  const pieces = ['"', "{", "}", "[", "]", ",", ":", "0", "-1", "1e9", "null", "\\u0000", "\\ud800", '"F16"', '"__metadata__":', "18446744073709551615", " "];
  let bytes = Buffer.from(good);
  for (let hits = random(3); hits >= 0 && bytes.length > 0; hits--) {
    const at = random(bytes.length);
    const piece = Buffer.from(pieces[random(pieces.length)]!);
    const way = random(8);
    if (way === 0) bytes = bytes.subarray(0, at);
    else if (way === 1) bytes = Buffer.concat([bytes, Buffer.alloc(random(9))]);
    else if (way === 2) bytes[at]! ^= 1 << random(8);
    else if (way === 3) bytes[at] = random(256);
    else bytes = way < 6 ? Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + piece.length)]) : spliced(bytes, at, piece);
  }
  return bytes;
}

/** With the length of the header made right again, so that the damage is seen by its parser. */
function spliced(bytes: Buffer<ArrayBuffer>, at: number, piece: Buffer): Buffer<ArrayBuffer> {
  if (at < 8 || bytes.length < 16) return bytes;
  const longer = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
  longer.writeBigUInt64LE((bytes.readBigUInt64LE() + BigInt(piece.length)) & 0xffffffffffffffffn);
  return longer;
}
