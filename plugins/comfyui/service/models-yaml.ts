/**
 * The file for `--extra-model-paths-config`. JSON strings are valid YAML strings, so quotes or colons in a folder's name
 * cannot add a line of their own. There is no `base_path`, because only that one is expanded (`~`, `$NAME`); ComfyUI
 * does split values at line breaks, so a folder with one is refused. Source: utils/extra_config.py of 0.3.64.
 */
export function modelPathsYaml(lorasDir: string): string {
  if (/[\n\r]/.test(lorasDir)) {
    const name = JSON.stringify(lorasDir);
    throw new Error(`ComfyUI cannot use the LoRA folder ${name}, because its name has a line break. Choose another data folder.`);
  }
  return `isengard:\n  loras: ${JSON.stringify(lorasDir)}\n`;
}

/** Reads back what `modelPathsYaml` wrote; other YAML is the business of the real ComfyUI. */
export function loraFoldersOf(yaml: string): string[] {
  const match = /^ {2}loras: (".*")$/m.exec(yaml);
  return match?.[1] ? [JSON.parse(match[1]) as string] : [];
}
