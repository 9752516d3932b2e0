import { html } from "htm/preact";
import { useState } from "preact/hooks";
import type { Mode } from "../../../server/contract/system.ts";
import { asApiError, type ApiError } from "../../api.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { homeText as text } from "../../text/home.ts";
import { Button } from "../kit/Button.ts";
import { GpuList } from "./Machine.ts";
import { ErrorNotice } from "../kit/Notice.ts";

/** The question of the very first visit. Neither answer is preselected: one must never be taken for the other. */
export function ModeChoice() {
  const app = useApp();
  const [error, setError] = useState<ApiError | null>(null);
  const choose = async (mode: Mode) => {
    try {
      await app.setMode(mode);
    } catch (thrown) {
      setError(asApiError(thrown));
    }
  };
  return html`<section class="card" aria-labelledby="mode-title">
    <h2 id="mode-title">${text.modeTitle}</h2>
    <p class="dim">${text.modeHelp}</p>
    ${error && html`<${ErrorNotice} error=${error} alert />`}
    <div class="cols two">
      <div class="option">
        <h3>${text.tryTitle}</h3>
        <p class="dim small">${text.tryHelp}</p>
        <${Button} onClick=${() => choose("fast-test")}>${text.tryAction}<//>
      </div>
      <div class="option">
        <h3>${text.realTitle}</h3>
        <p class="dim small">${text.realHelp}</p>
        <${GpuList} status=${app.system.status.value.gpu} />
        <${Button} onClick=${() => choose("production")}>${text.realAction}<//>
      </div>
    </div>
  </section>`;
}
