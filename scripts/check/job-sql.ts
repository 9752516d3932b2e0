const jobTables = /\b(?:from|join|update|into)\s+(?:job|job_event|job_memory)\b/;
const store = "server/jobs/store/";

/** SQL on the tables of jobs outside of the room that has all of it; others ask `JobStore` or `JobFacts`. */
export function findJobSql(file: string, text: string): string[] {
  if (!file.startsWith("server/") || file.startsWith(store)) return [];
  return text.split("\n").flatMap((line, index) => (jobTables.test(line) && /["`]|^\s+(?:select|from|join|update|where|left)\b/.test(line) ? [`${file}:${index + 1}: SQL on the tables of jobs belongs into ${store}`] : []));
}
