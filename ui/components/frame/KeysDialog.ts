import { html } from "htm/preact";
import { keyBindings } from "../../keys.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { frameText } from "../../text/frame.ts";
import { Dialog } from "../kit/Dialog.ts";

export function KeysDialog({ onClose }: { onClose: () => void }) {
  const { singleKeys } = useApp().preferences;
  return html`<${Dialog} title=${frameText.keysTitle} onClose=${onClose}>
    <dl class="facts">
      ${keyBindings.map(
        (binding) => html`<dt class="row" key=${binding.does}>${binding.keys.map((key) => html`<kbd key=${key}>${key}</kbd>`)}</dt>
          <dd>${binding.does}</dd>`,
      )}
    </dl>
    <label class="check">
      <input class="switch" type="checkbox" role="switch" checked=${singleKeys.value} onChange=${() => (singleKeys.value = !singleKeys.value)} />
      Use single-letter keys
    </label>
  <//>`;
}
