const maxMembers = 20;
const maxLines = 200;

/** A field or method of a class at the level of its body, as this project writes them: indented by two spaces. */
const member = /^ {2}(?:(?:private|protected|public|readonly|static|async|override|get|set) )*#?[A-Za-z_$][\w$]*[?!]?(?:\(|<|:| =)/gm;
const start = /^(?:export )?(?:abstract )?class (\w+)[^\n]*\{\n/gm;

export interface ClassSize {
  readonly name: string;
  readonly lines: number;
  readonly members: number;
}

export function sizesOfClasses(text: string): ClassSize[] {
  return [...text.matchAll(start)].map((found) => {
    const from = found.index + found[0].length;
    const body = text.slice(from, text.indexOf("\n}\n", from - 1) + 1);
    return { name: found[1]!, lines: body.split("\n").length - 1, members: [...body.matchAll(member)].length };
  });
}

/** Classes that are both long and many things at once. */
export function findLargeClasses(file: string, text: string): string[] {
  return sizesOfClasses(text)
    .filter(({ lines, members }) => members > maxMembers && lines > maxLines)
    .map(({ name, lines, members }) => `${file}: the class ${name} has ${members} members in ${lines} lines; at most ${maxMembers} members or ${maxLines} lines`);
}
