import { existsSync, readFileSync } from "node:fs";
import { loadPlace } from "./place.ts";
import { findRunning, requestLink } from "./running.ts";

/** `isengard token`: the token of this data folder. Exit code 1 when Isengard was never started there. */
export function printToken(flags: readonly string[]): number {
  const { paths } = loadPlace(flags);
  if (!existsSync(paths.tokenFile)) {
    console.error(`There is no access token in ${paths.root} yet. Start Isengard there once, or name its folder with --data.`);
    return 1;
  }
  console.log(readFileSync(paths.tokenFile, "utf8").trim());
  return 0;
}

/** `isengard link`: a new one-time link to the server that runs on this data folder. */
export async function printLink(flags: readonly string[]): Promise<number> {
  const { paths } = loadPlace(flags);
  const server = await findRunning(paths);
  if (server === null) {
    console.error(`No Isengard is running on ${paths.root}. Start it, or name the folder with --data.`);
    return 1;
  }
  if (!existsSync(paths.tokenFile)) {
    console.error(`The access token ${paths.tokenFile} is missing, so no link can be asked for. Stop Isengard and start it again.`);
    return 1;
  }
  console.log(await requestLink(server, readFileSync(paths.tokenFile, "utf8").trim()));
  return 0;
}
