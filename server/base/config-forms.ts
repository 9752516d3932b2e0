import { scenarios, type KeyType } from "./config-keys.ts";

/** What a setting's text means, or what is wrong with it: a sentence's end that follows the quoted text. */
export type Read = { readonly value: unknown } | { readonly problem: string };

const longestPath = 4096;
const longestName = 255;

/**
 * Reads `text` in the form in which it is used later, so that nothing is accepted here that can only fail there. Paths are left as
 * they were typed; `resolvePath` places them.
 */
export function readForm(type: KeyType, text: string): Read {
  if (/^["'`]/.test(text)) {
    return { problem: "has quotes that belong to it. Files of variables (docker --env-file) keep them; write it without quotes" };
  }
  if (text === "") return { problem: "is empty" };
  if (/\p{Cc}/u.test(text)) return { problem: "has a line break or a control character in it" };
  return forms[type](text);
}

const oneOf = (allowed: readonly string[]) => (text: string): Read =>
  allowed.includes(text.toLowerCase()) ? { value: text.toLowerCase() } : { problem: `is not one of ${allowed.join(", ")}` };

const forms: Record<KeyType, (text: string) => Read> = {
  folder: readPath,
  /** A name without a slash is looked up on the PATH. */
  program: (text) => (text.includes("/") ? readPath(text) : { value: text }),
  host: readHost,
  port: (text) => (/^\d{1,5}$/.test(text) && Number(text) < 65536 ? { value: Number(text) } : { problem: "is not a port from 0 to 65535" }),
  bool: (text) => {
    if (["1", "true", "yes", "on"].includes(text.toLowerCase())) return { value: true };
    if (["0", "false", "no", "off"].includes(text.toLowerCase())) return { value: false };
    return { problem: "is neither true nor false" };
  },
  mode: oneOf(["fast-test", "production"]),
  level: oneOf(["debug", "info", "warn", "error"]),
  scenario: oneOf(scenarios),
  url: readUrl,
  number: (text) => {
    const value = /^\d{1,4}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
    return value > 0 && value <= 1000 ? { value } : { problem: "is not a number above 0 and up to 1000" };
  },
  hosts: readHosts,
};

function readPath(text: string): Read {
  if (text.startsWith("~")) return { problem: "begins with ~, which only a shell replaces; write the whole path" };
  if (/^\$|^%\w+%/.test(text)) return { problem: "begins with a variable, which only a shell replaces; write the whole path" };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { problem: "is an address; write a path of this machine" };
  if (/^[a-z]:[\\/]|^\\\\/i.test(text)) return { problem: "is a path of Windows; write one of this machine, as /mnt/c/folder" };
  if (Buffer.byteLength(text) > longestPath || text.split("/").some((name) => Buffer.byteLength(name) > longestName)) {
    return { problem: `is longer than a path may be (${longestName} bytes for each name)` };
  }
  return { value: text };
}

function readHost(text: string): Read {
  const bare = /^\[(.+)\]$/.exec(text)?.[1] ?? text;
  if (isAddress(bare)) return { value: bare };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { problem: "is an address; a host has no http:// before it and nothing after it" };
  if (/^(\[.*\]|[^:]*):\d+$/.test(text)) return { problem: "has a port; write the host alone and the port with --port" };
  return isHostName(bare) ? { value: bare.toLowerCase() } : { problem: "is neither a host name nor an IP address" };
}

function readUrl(text: string): Read {
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null;
  if (url === null || url.hostname === "") return { problem: "is not an http or https address, as http://127.0.0.1:8188" };
  if (url.username !== "" || url.password !== "") return { problem: "has a name or password in it, which would stand in logs; use an address without" };
  if (url.search !== "" || url.hash !== "" || /[?#]/.test(text)) return { problem: "has a ? or # in it; write the address of the server alone" };
  if (/\s/.test(text)) return { problem: "has a blank in it" };
  return { value: `${url.origin}${url.pathname}`.replace(/\/+$/, "") };
}

/** Names as the Host header has them, without a port; of an address its host is taken. */
function readHosts(text: string): Read {
  const found: string[] = [];
  for (const part of text.split(",").map((item) => item.trim()).filter((item) => item !== "")) {
    if (part.includes("*")) return { problem: `has the pattern ${part}; name each host, without *` };
    const url = URL.parse(/^https?:\/\//i.test(part) ? part : `http://${part}`);
    const name = url?.hostname.replace(/\.$/, "") ?? "";
    const isName = name.startsWith("[") || isAddress(name) || isHostName(name);
    if (url === null || url.username !== "" || !isName || /[\s;]/.test(part)) return { problem: `has ${JSON.stringify(part)}, which is no host name; separate names by commas` };
    found.push(name);
  }
  return found.length === 0 ? { problem: "names no host" } : { value: found };
}

/** Without `node:net`, which would cost each start half a megabyte. */
function isAddress(text: string): boolean {
  if (text.includes(":")) return /^[\da-f:.]+$/i.test(text) && URL.parse(`http://[${text}]`) !== null;
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split(".").every((part) => Number(part) < 256);
}

/** RFC 1123: labels of letters, digits and inner hyphens. Underscores are tolerated, as container names have them. */
function isHostName(text: string): boolean {
  return text.length <= 253 && !/^[\d.]+$/.test(text) && text.split(".").every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label));
}
