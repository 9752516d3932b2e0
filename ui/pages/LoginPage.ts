import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { asApiError, createApi, type ApiError } from "../api.ts";
import { Button } from "../components/kit/Button.ts";
import { CopyField } from "../components/kit/CopyField.ts";
import { TextField } from "../components/kit/Field.ts";
import { Mark } from "../components/kit/Icon.ts";
import { ErrorNotice, Notice } from "../components/kit/Notice.ts";
import { loginText as text } from "../text/login.ts";

/** Asks for the access token. It stands alone, since nothing else may be read before. */
export function LoginPage({ onSignedIn }: { onSignedIn: () => void }) {
  const [token, setToken] = useState("");
  const [error, setError] = useState<ApiError | null>(null);
  const signIn = async () => {
    try {
      await createApi().post("/api/session", { token: token.trim() });
      onSignedIn();
    } catch (thrown) {
      setError(asApiError(thrown));
    }
  };
  const onSubmit = (event: Event) => {
    event.preventDefault();
    void signIn();
  };
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector("input")?.focus(), []);
  const isUsed = new URLSearchParams(location.search).get("why") === "link";
  const command = document.querySelector<HTMLMetaElement>('meta[name="isengard:command"]')?.content ?? "";
  return html`<main class="login">
    <form class="card login-card" ref=${form} onSubmit=${onSubmit}>
      <div class="brand"><${Mark} />Isengard</div>
      <h1>${text.title}</h1>
      <p class="dim">${text.explain}</p>
      ${isUsed && !error && html`<${Notice} tone="warn" title=${text.usedTitle}><p>${text.used}</p><//>`}
      ${error && html`<${ErrorNotice} error=${error} alert />`}
      <${TextField}
        label=${text.token}
        hint=${text.tokenHint}
        type="password"
        autocomplete="current-password"
        value=${token}
        onInput=${setToken}
        spellcheck=${false}
      />
      <${Button} kind="primary" class="big" type="submit" unavailable=${token.trim() === "" ? text.needToken : null}>${text.signIn}<//>
      <div class="stack tight">
        <p class="hint">${text.commandHelp}</p>
        <${CopyField} label=${text.command} text=${command || "./isengard link"} />
        <p class="hint">${command ? text.commandToken : text.commandElse}</p>
      </div>
    </form>
  </main>`;
}
