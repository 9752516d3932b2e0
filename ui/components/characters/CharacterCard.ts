import { html } from "htm/preact";
import type { Character } from "../../../server/contract/character.ts";
import { plural } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { readinessOf, readinessWord } from "../../models/characters/readiness.ts";
import { Badge, type Tone } from "../kit/Badge.ts";
import { Thumb } from "../kit/Thumb.ts";

const tones = { "needs-photos": "warn", ready: "off", training: "run", trained: "ok" } as const satisfies Record<string, Tone>;

export function coverOf(character: Character): string | null {
  return character.coverPhotoId === null ? null : `/api/characters/${character.id}/images/${character.coverPhotoId}/thumbnail`;
}

export function ReadinessBadge({ character }: { character: Character }) {
  const app = useApp();
  return html`<${Badge} tone=${tones[readinessOf(app, character)]}>${readinessWord(app, character)}<//>`;
}

/** One person. The whole card is the link. */
export function CharacterCard({ character, level = "h2" }: { character: Character; level?: "h2" | "h3" }) {
  return html`<article class="person">
    <${Thumb} src=${coverOf(character)} alt="" />
    <div class="stack">
      <${level} class="cut name" title=${character.name}><a href=${`/characters/${character.id}`}>${character.name}</a><//>
      <p class="hint cut"><code>${character.triggerWord}</code> · ${plural(character.photoCount, "photo")}</p>
      <div><${ReadinessBadge} character=${character} /></div>
    </div>
  </article>`;
}
