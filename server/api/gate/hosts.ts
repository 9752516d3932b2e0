/** A Host header that was understood: `name` without port, `host` as sent. */
export interface ParsedHost {
  readonly host: string;
  readonly name: string;
}

/** Exactly one host name with an optional port; null for anything else, also for two headers that were joined. */
export function parseHost(header: string | null): ParsedHost | null {
  if (header === null || header.length > 255) return null;
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:\d{1,5})?$/.exec(header.toLowerCase());
  if (match === null) return null;
  if (match[3] !== undefined && Number(match[3].slice(1)) > 65535) return null;
  return { host: match[0], name: match[1]! };
}

export interface HostRules {
  /** Names that a person configured, for example behind their own TLS proxy. */
  readonly allowedHosts: readonly string[];
  /** The address that the server was told to listen on. */
  readonly listenHost: string;
  /** Set on RunPod: its proxy names are `<pod>-<port>.proxy.runpod.net`. */
  readonly podId: string | null;
}

export function isLoopbackName(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost") || name === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

export function isAllowedHost(host: ParsedHost, rules: HostRules): boolean {
  if (isLoopbackName(host.name)) return true;
  if (isPodHost(host.name, rules.podId)) return true;
  return rules.allowedHosts.includes(host.name) || (rules.listenHost !== "0.0.0.0" && rules.listenHost.toLowerCase() === host.name);
}

/** The pod's proxy speaks HTTPS to the browser; loopback speaks HTTP; a configured name may speak either. */
export function isOwnOrigin(origin: string, host: ParsedHost, rules: HostRules): boolean {
  // A tunnel may keep its own name from us and speak of localhost; the browser's word for the page is the one that counts.
  if (isAllowedOrigin(origin, rules)) return true;
  if (isLoopbackName(host.name)) return origin === `http://${host.host}`;
  if (isPodHost(host.name, rules.podId)) return origin === `https://${host.host}`;
  return origin === `https://${host.host}` || origin === `http://${host.host}`;
}

/** `http(s)://name[:port]` of a name that a person allowed. */
function isAllowedOrigin(origin: string, rules: HostRules): boolean {
  const name = /^https?:\/\/(\[[0-9a-f:.]+\]|[a-z0-9][a-z0-9._-]*)(?::\d{1,5})?$/i.exec(origin)?.[1];
  return name !== undefined && rules.allowedHosts.includes(name.toLowerCase());
}

function isPodHost(name: string, podId: string | null): boolean {
  if (podId === null || !name.endsWith(".proxy.runpod.net")) return false;
  const label = name.slice(0, -".proxy.runpod.net".length);
  return label.startsWith(`${podId.toLowerCase()}-`) && /^\d{1,5}$/.test(label.slice(podId.length + 1));
}
