const declared = /^export ((?:abstract |async )?(?:const|function\*?|class|enum)) ([A-Za-z_$][\w$]*)/gm;
const declaredType = /^export (interface|type) ([A-Za-z_$][\w$]*)/gm;
const word = /[A-Za-z_$][\w$]*/g;

/**
 * Exports of product files that no other file names, tests and scripts among them: a value that only its own file uses is no export, and
 * a type that nothing names at all is dead. Types of what is exported may stand by themselves. `texts`: every file of the project.
 */
export function findDeadExports(texts: ReadonlyMap<string, string>, isProduct: (file: string) => boolean): string[] {
  const places = new Map<string, Set<string>>();
  for (const [file, text] of texts) {
    for (const name of new Set(text.match(word))) places.set(name, (places.get(name) ?? new Set()).add(file));
  }
  const isAlone = (name: string) => places.get(name)!.size === 1;
  return [...texts].filter(([file]) => isProduct(file)).flatMap(([file, text]) => [
    ...[...text.matchAll(declared)].filter(([, , name]) => isAlone(name!)).map(([, , name]) => `${file}: nobody else uses the export ${name}`),
    ...[...text.matchAll(declaredType)]
      .filter(([, , name]) => isAlone(name!) && text.match(new RegExp(`\\b${name}\\b`, "g"))!.length === 1)
      .map(([, , name]) => `${file}: nobody names the type ${name}`),
  ]);
}
