import { t } from "elysia";

/** Ids are looked up, never turned into a path; the length keeps nonsense out of messages and logs. */
const Id = t.String({ minLength: 1, maxLength: 200 });

export const IdParams = t.Object({ id: Id });
export const PhotoParams = t.Object({ id: Id, file: Id });
