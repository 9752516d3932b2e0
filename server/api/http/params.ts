import { t } from "elysia";
import { Id } from "../../contract/text.ts";

/** Ids are looked up, never turned into a path; the length keeps nonsense out of messages and logs. */
export const IdParams = t.Object({ id: Id });
export const PhotoParams = t.Object({ id: Id, file: Id });
