import { t, type Elysia } from "elysia";
import { Settings } from "../contract/system.ts";
import { gives } from "./openapi/gives.ts";
import { takes } from "./input/takes.ts";

export interface SettingsDeps {
  settings(): Settings;
  /** Keeps the Hugging Face token in a file of its own; null removes it. */
  saveHfToken(token: string | null): void;
}

const tags = ["settings"];
const HfToken = t.Object({
  token: t.String({ minLength: 8, maxLength: 200, pattern: "^\\s*[A-Za-z0-9_-]+\\s*$", whenWrong: "A token has only letters, digits, “-” and “_”." }),
});

export function settingsApi(deps: SettingsDeps) {
  return (http: Elysia) => http
    .get("/api/settings", () => deps.settings(), {
      ...takes({}), ...gives({ 200: Settings }), detail: { summary: "Settings with the layer that set each", tags },
    })
    .put("/api/settings/hf-token", ({ body }) => {
      deps.saveHfToken(body.token.trim());
      return deps.settings();
    }, { ...takes({ body: HfToken }), ...gives({ 200: Settings }), detail: { summary: "Keep the Hugging Face token", tags } })
    .delete("/api/settings/hf-token", () => {
      deps.saveHfToken(null);
      return deps.settings();
    }, { ...takes({}), ...gives({ 200: Settings }), detail: { summary: "Forget the Hugging Face token", tags } });
}
