import { html } from "htm/preact";
import type { Character } from "../../../server/contract/character.ts";
import { plural } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { charactersText as text } from "../../text/characters.ts";
import { Button } from "../kit/Button.ts";
import { Dialog } from "../kit/Dialog.ts";

/** Names exactly what goes. There is still an undo afterwards. */
export function DeleteCharacter({ character, onClose }: { character: Character; onClose: () => void }) {
  const app = useApp();
  const remove = () => {
    onClose();
    app.characters.remove(character);
    app.router.navigate("/characters");
  };
  const buttons = html`
    <${Button} onClick=${onClose}>Keep<//>
    <${Button} kind="danger" icon="trash" onClick=${remove}>Delete ${character.name}<//>
  `;
  return html`<${Dialog} title=${text.deleteTitle(character.name)} onClose=${onClose} footer=${buttons}>
    <p>${text.deleteWhat(plural(character.photoCount, "photo"), plural(character.loraCount, "LoRA"), plural(character.pictureCount, "picture"))}</p>
    <p class="dim">${text.deleteWhen(app.keepSeconds)}</p>
  <//>`;
}
