import { html } from "htm/preact";
import { useState } from "preact/hooks";
import type { Character } from "../../server/contract/character.ts";
import { Button } from "../components/kit/Button.ts";
import { CaptionList } from "../components/characters/CaptionList.ts";
import { coverOf, ReadinessBadge } from "../components/characters/CharacterCard.ts";
import { CharacterForm } from "../components/characters/CharacterForm.ts";
import { CopyButton } from "../components/kit/CopyField.ts";
import { DeleteCharacter } from "../components/characters/DeleteCharacter.ts";
import { EmptyState } from "../components/kit/EmptyState.ts";
import { LoraList } from "../components/characters/LoraList.ts";
import { Page } from "../components/frame/Page.ts";
import { PhotosPanel } from "../components/characters/PhotosPanel.ts";
import { Tabs } from "../components/kit/Tabs.ts";
import { Thumb } from "../components/kit/Thumb.ts";
import { useApp } from "../models/app/AppModel.ts";
import { createPhotosModel, type PhotosModel } from "../models/characters/PhotosModel.ts";
import { readinessOf, readinessSentence } from "../models/characters/readiness.ts";
import { useOwned } from "../models/hooks/useOwned.ts";
import { charactersText as text } from "../text/characters.ts";
import type { PageParams } from "./pages.ts";

const up = { href: "/characters", label: text.title };

/** Is this person ready, and what can I do with them now? */
export function CharacterPage({ params }: PageParams) {
  const app = useApp();
  const id = params["id"] ?? "";
  const character = app.characters.all.value.find((candidate) => candidate.id === id);
  if (character) return html`<${KnownCharacter} key=${id} character=${character} />`;
  return html`<${Page} title=${text.title} up=${up}>
    <${EmptyState} icon="people" title=${text.missingTitle} action=${html`<${Button} href="/characters">All characters<//>`}>${text.missing}<//>
  <//>`;
}

function KnownCharacter({ character }: { character: Character }) {
  const app = useApp();
  const photos = useOwned(() => createPhotosModel(app, character.id), character.id);
  const [layer, setLayer] = useState<"none" | "edit" | "delete">("none");
  const close = () => setLayer("none");
  const tab = app.router.route.value.query.get("tab") ?? "photos";
  const tabs = [
    { id: "photos", label: text.photosTab, count: character.photoCount },
    { id: "captions", label: text.captionsTab },
    { id: "loras", label: text.lorasTab, count: character.loraCount },
  ];
  // On a phone they stand in the header, so that the photos begin in the upper half.
  const controls = html`<span class="row">
    <${Button} kind="quiet" icon="edit" name=${text.edit} onClick=${() => setLayer("edit")}><span class="wide">${text.edit}</span><//>
    <${Button}
      kind="quiet"
      icon="trash"
      label=${`Delete ${character.name}`}
      unavailable=${character.activeJobId === null ? null : text.deleteBusy}
      onClick=${() => setLayer("delete")}
    />
  </span>`;
  const actions = html`<span class="narrow">${controls}</span><${NextStep} character=${character} />`;
  return html`<${Page} title=${character.name} up=${up} actions=${actions}>
    <section class="row" aria-label="Overview">
      <${Thumb} src=${coverOf(character)} alt="" size="portrait" />
      <div class="stack tight grow">
        <div class="row wrap">
          <${ReadinessBadge} character=${character} />
          <code>${character.triggerWord}</code>
          <${CopyButton} text=${character.triggerWord} what="trigger word" />
        </div>
        <p class="dim small">${readinessSentence(app, character)}</p>
        ${character.description && html`<p class="hint measure wide">${character.description}</p>`}
      </div>
      <span class="wide">${controls}</span>
    </section>
    <${Tabs} label="Parts of this character" items=${tabs} active=${tab} onSelect=${(next: string) => app.router.setQuery({ tab: next === "photos" ? null : next })} />
    <div role="tabpanel" id="panel" aria-labelledby=${`tab-${tab}`} class="stack wide">
      <${Panel} tab=${tab} character=${character} photos=${photos} />
    </div>
    ${layer === "edit" && html`<${CharacterForm} character=${character} onClose=${close} onSaved=${close} />`}
    ${layer === "delete" && html`<${DeleteCharacter} character=${character} onClose=${close} />`}
  <//>`;
}

function Panel({ tab, character, photos }: { tab: string; character: Character; photos: PhotosModel }) {
  if (tab === "captions") return html`<${CaptionList} model=${photos} />`;
  if (tab === "loras") return html`<${LoraList} character=${character} />`;
  return html`<${PhotosPanel} characterId=${character.id} model=${photos} />`;
}

/** The one primary action, which follows the state. */
function NextStep({ character }: { character: Character }) {
  switch (readinessOf(useApp(), character)) {
    case "needs-photos":
      return null;
    case "ready":
      return html`<${Button} kind="primary" href=${`/training/new?character=${character.id}`}>${text.train}<//>`;
    case "training":
      return html`<${Button} kind="primary" href=${`/training/${character.activeJobId}`}>${text.watch}<//>`;
    case "trained":
      return html`
        <${Button} href=${`/training/new?character=${character.id}`}>${text.trainAgain}<//>
        <${Button} kind="primary" href=${`/generate?character=${character.id}`}>${text.generate}<//>
      `;
  }
}
