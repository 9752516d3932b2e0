declare const ISENGARD_VERSION: string | undefined;
declare const ISENGARD_BUILD: string | undefined;

/** Written into the executable by the build; a server that runs from its sources calls itself `dev`. */
export const version = typeof ISENGARD_VERSION === "string" ? ISENGARD_VERSION : "dev";
export const build = typeof ISENGARD_BUILD === "string" ? ISENGARD_BUILD : "dev";

/** Tells this start of a server from every other, also from another Isengard that got its port later. No secret. */
export const instance: string = crypto.randomUUID();

/** How to run this program again in another role. */
export const self: readonly string[] = Bun.isStandaloneExecutable ? [process.execPath] : [process.execPath, Bun.main];
