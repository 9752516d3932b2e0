import { GlobalRegistrator } from "@happy-dom/global-registrator";

/**
 * Preloaded by bunfig.toml for every test: gives component tests a document, and puts Bun's own network classes back,
 * because happy-dom's Response is not one that Bun.serve accepts.
 */
const kept = [
  "fetch", "Request", "Response", "Headers", "WebSocket", "FormData", "Blob", "File", "AbortController", "AbortSignal",
  "ReadableStream", "WritableStream", "TransformStream", "URL", "URLSearchParams", "TextEncoder", "TextDecoder",
  "Event", "EventTarget", "CustomEvent", "MessageEvent", "setTimeout", "clearTimeout", "setInterval", "clearInterval",
  "queueMicrotask", "performance", "crypto", "console",
] as const;
const scope = globalThis as unknown as Record<string, unknown>;
const originals = new Map(kept.map((name) => [name, scope[name]]));
GlobalRegistrator.register({ url: "http://localhost/" });
for (const [name, value] of originals) {
  if (name === "Event" || name === "EventTarget" || name === "CustomEvent" || name === "MessageEvent") continue;
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}
