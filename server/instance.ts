/** Tells this start of a server from every other, also from another Isengard that got its port later. No secret. */
export const instance: string = crypto.randomUUID();
