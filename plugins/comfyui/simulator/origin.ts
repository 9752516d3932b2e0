const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * ComfyUI's only gate (0.33.0, `server.py`, `create_origin_only_middleware`): with a loopback Host, an Origin of another host or port is refused, except
 * `null`; a request from another site is always refused. A Host that is not loopback passes.
 */
export function refusesOrigin(headers: Headers): boolean {
  if (headers.get("sec-fetch-site") === "cross-site") return true;
  const origin = headers.get("origin");
  const host = headers.get("host")?.toLowerCase();
  if (!host || !origin || !URL.canParse(origin) || origin === "null") return false;
  const { host: originHost, hostname: originName, port } = new URL(origin);
  const hostName = host.replace(/:\d+$/, "");
  if (!loopback.test(hostName)) return false;
  const left = port === "" ? hostName : host;
  const right = host === hostName ? originName : originHost;
  return left !== right;
}
