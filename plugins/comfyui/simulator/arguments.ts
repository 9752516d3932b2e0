/** The command line of ComfyUI 0.33 as far as anyone here passes it; like there, an unknown option ends with code 2. */
export interface ComfyArguments {
  readonly listen: string;
  readonly port: number;
  readonly outputDir: string;
  readonly inputDir: string;
  readonly tempDir: string;
  readonly userDir: string | null;
  readonly modelPaths: readonly string[];
  readonly previews: boolean;
  readonly metadata: boolean;
  readonly maxUploadBytes: number;
}

type Values = "none" | "one" | "optional" | "many";

const flags: Readonly<Record<string, Values>> = {
  "--listen": "optional", "--port": "one", "--base-directory": "one", "--models-directory": "one", "--output-directory": "one",
  "--input-directory": "one", "--temp-directory": "one", "--user-directory": "one", "--database-url": "one",
  "--extra-model-paths-config": "many", "--disable-auto-launch": "none", "--auto-launch": "none", "--preview-method": "one",
  "--preview-size": "one", "--cpu": "none", "--gpu-only": "none", "--highvram": "none", "--lowvram": "none", "--novram": "none",
  "--reserve-vram": "one", "--cuda-device": "one", "--disable-smart-memory": "none", "--cache-classic": "none", "--cache-lru": "one",
  "--cache-none": "none", "--disable-metadata": "none", "--max-upload-size": "one", "--disable-all-custom-nodes": "none",
  "--disable-api-nodes": "none", "--front-end-root": "one", "--front-end-version": "one", "--verbose": "optional",
  "--log-stdout": "none", "--dont-print-server": "none", "--enable-manager": "none", "--multi-user": "none", "--fast": "many",
};

const previewMethods = ["none", "auto", "latent2rgb", "taesd"];
const defaultPort = 8188;
const defaultUploadMegabytes = 100;
const megabyte = 1024 * 1024;

export type ParsedArguments = { readonly ok: true; readonly value: ComfyArguments } | { readonly ok: false; readonly error: string };

export function parseArguments(args: readonly string[], cwd: string): ParsedArguments {
  const given = new Map<string, string[]>();
  for (let index = 0; index < args.length;) {
    const flag = args[index] ?? "";
    const kind = flags[flag];
    if (kind === undefined) return { ok: false, error: `unrecognized arguments: ${args.slice(index).join(" ")}` };
    const values: string[] = [];
    const most = kind === "none" ? 0 : kind === "many" ? Infinity : 1;
    for (index += 1; index < args.length && values.length < most && !args[index]?.startsWith("--"); index++) values.push(args[index] ?? "");
    if (kind === "one" && values.length === 0) return { ok: false, error: `argument ${flag}: expected one argument` };
    given.set(flag, [...given.get(flag) ?? [], ...values]);
  }
  return settle(given, cwd);
}

function settle(given: ReadonlyMap<string, readonly string[]>, cwd: string): ParsedArguments {
  const one = (flag: string) => given.get(flag)?.at(-1);
  const port = Number(one("--port") ?? defaultPort);
  if (!Number.isInteger(port)) return { ok: false, error: `argument --port: invalid int value: '${one("--port")}'` };
  const method = one("--preview-method") ?? "none";
  if (!previewMethods.includes(method)) {
    return { ok: false, error: `argument --preview-method: invalid LatentPreviewMethod value: '${method}'` };
  }
  const base = one("--base-directory") ?? cwd;
  return {
    ok: true,
    value: {
      listen: given.has("--listen") ? one("--listen") ?? "0.0.0.0" : "127.0.0.1",
      port,
      outputDir: one("--output-directory") ?? `${base}/output`,
      inputDir: one("--input-directory") ?? `${base}/input`,
      tempDir: `${one("--temp-directory") ?? base}/temp`,
      userDir: one("--user-directory") ?? null,
      modelPaths: given.get("--extra-model-paths-config") ?? [],
      previews: method !== "none",
      metadata: !given.has("--disable-metadata"),
      maxUploadBytes: Number(one("--max-upload-size") ?? defaultUploadMegabytes) * megabyte,
    },
  };
}
