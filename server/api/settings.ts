import { t, type Elysia } from "elysia";
import { Settings } from "../contract/system.ts";

export interface SettingsDeps {
  settings(): Settings;
  /** Keeps the Hugging Face token in a file of its own; null removes it. */
  saveHfToken(token: string | null): void;
}

export function settingsApi(deps: SettingsDeps) {
  return (http: Elysia) => http
    .get("/api/settings/", () => deps.settings(), { response: Settings })
    .put("/api/settings/hf-token", ({ body }) => {
      deps.saveHfToken(body.token.trim());
      return deps.settings();
    }, { body: t.Object({ token: t.String({ minLength: 8, maxLength: 200, pattern: "^\\s*[A-Za-z0-9_-]+\\s*$" }) }) })
    .delete("/api/settings/hf-token", () => {
      deps.saveHfToken(null);
      return deps.settings();
    });
}
