import { AppError } from "../../base/errors.ts";

export type Fields = Record<string, unknown>;

/** Gives fields of the earlier systems their present names, before a body is checked. Anything but an object is left as it is. */
export function renaming(names: Readonly<Record<string, string>>): (body: unknown) => unknown {
  return (body) => (isFields(body) ? renamed(body, names) : body);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Both names of one thing are refused: one of them would be dropped. */
export function renamed(fields: Fields, names: Readonly<Record<string, string>>): Fields {
  const result: Fields = Object.create(null) as Fields;
  for (const [name, value] of Object.entries(fields)) {
    const present = Object.hasOwn(names, name) ? names[name]! : name;
    if (present !== name && Object.hasOwn(fields, present))
      throw refuseOld(name, `is the earlier name of ${present}; send one of them`);
    if (Object.hasOwn(result, present)) throw refuseOld(name, `is another name of ${present}; send one of them`);
    result[present] = value;
  }
  return result;
}

/** What only says that nothing special is wanted may be left out: it means the same here. */
export function without(fields: Fields, name: string, harmless: (value: unknown) => boolean): void {
  if (Object.hasOwn(fields, name) && harmless(fields[name])) delete fields[name];
}

/** `message` goes on after the name. */
export function refuseOld(path: string, message: string): AppError {
  return new AppError("invalid_input", `The request has values that cannot be used: ${path}.`, {
    why: `${path} ${message}.`,
    fields: [{ path, message }],
  });
}

export const isNothing = (value: unknown): boolean => value === undefined || value === null || value === "";
export const isOff = (value: unknown): boolean => value === false || isNothing(value);
