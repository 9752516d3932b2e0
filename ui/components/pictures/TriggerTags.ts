import { html } from "htm/preact";
import type { TriggerTag } from "../../models/pictures/generation-draft.ts";
import { generateText as text } from "../../text/generate.ts";
import { Button } from "../kit/Button.ts";
import { Icon } from "../kit/Icon.ts";

/** The trigger words that go with the prompt, visible and removable instead of added in secret. */
export function TriggerTags({ tags, isAdded, onChange }: { tags: readonly TriggerTag[]; isAdded: boolean; onChange: (add: boolean) => void }) {
  if (tags.length === 0) return null;
  const missing = tags.filter((tag) => !tag.typed);
  const shown = missing.length > 0 ? missing : tags;
  const lead = missing.length === 0 ? text.triggerTyped : isAdded ? text.trigger : text.triggerOff;
  return html`<p class="row wrap small tags">
    <span class="dim">${lead}</span>
    ${shown.map((tag) =>
      missing.length > 0 && isAdded
        ? html`<button type="button" class="tag" key=${tag.word} onClick=${() => onChange(false)}>
            ${tag.word}<${Icon} name="close" size="s" /><span class="hide">Do not add</span>
          </button>`
        : html`<code key=${tag.word}>${tag.word}</code>`,
    )}
    ${missing.length > 0 && !isAdded && html`<${Button} kind="link" onClick=${() => onChange(true)}>${text.addTrigger}<//>`}
  </p>`;
}
