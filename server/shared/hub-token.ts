/** A Hugging Face token from the surroundings, as a pod gives its secrets; null where there is none of a token's form. */
export function takenOverToken(env: Readonly<Record<string, string | undefined>>): string | null {
  const token = (env["HF_TOKEN"] ?? env["HUGGING_FACE_HUB_TOKEN"] ?? "").trim();
  return /^[\x21-\x7e]{1,4096}$/.test(token) ? token : null;
}
