/** Opens the page in the person's browser. Does nothing where there is no screen, for example on a pod. */
export function openBrowser(url: string, env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  const command = browserCommand(env);
  if (command === null) return false;
  try {
    Bun.spawn([...command, url], { stdio: ["ignore", "ignore", "ignore"] }).unref();
    return true;
  } catch {
    return false; // no opener is installed; the link is printed anyway
  }
}

function browserCommand(env: Readonly<Record<string, string | undefined>>): string[] | null {
  if (process.platform === "darwin") return ["open"];
  if (process.platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler"];
  return env["DISPLAY"] || env["WAYLAND_DISPLAY"] ? ["xdg-open"] : null;
}
