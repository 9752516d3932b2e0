import { runMark } from "./marker.ts";

/**
 * What a child may inherit. Everything else stays out, above all tokens (`HF_TOKEN`, `RUNPOD_API_KEY`): AI-Toolkit
 * expands `${NAME}` in its config, and BUN_* would steer our own executable.
 */
const allowedNames = new Set([
  "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV",
  "HF_HOME", "HF_HUB_CACHE", "HF_ENDPOINT", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_XET", "HF_HUB_DOWNLOAD_TIMEOUT", "HF_HUB_ETAG_TIMEOUT", "TORCH_HOME", "TRITON_CACHE_DIR",
  "XDG_CACHE_HOME", "XDG_DATA_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
  "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
]);
const allowedPrefixes = ["LC_", "CUDA_", "NVIDIA_", "PYTORCH_", "OMP_", "MKL_", "TQDM_", "HF_XET_"];
const secretName = /TOKEN|SECRET|PASSWORD|API_KEY|CREDENTIAL/i;

export function baseEnvironment(from: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(from)) {
    const allowed = allowedNames.has(name) || allowedPrefixes.some((prefix) => name.startsWith(prefix));
    if (allowed && value !== undefined && !secretName.test(name)) env[name] = value;
  }
  return env;
}

/** The complete environment of a child: the base, the command's own variables, then the marks, which nothing overrides. */
export function childEnvironment(own: Readonly<Record<string, string>>, runId: string, correlationId: string): Record<string, string> {
  return { ...baseEnvironment(), ...own, [runMark]: runId, ISENGARD_CORRELATION_ID: correlationId };
}
