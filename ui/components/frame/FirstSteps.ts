import { html } from "htm/preact";
import { useApp } from "../../models/app/AppModel.ts";
import { homeText as text } from "../../text/home.ts";
import { Button } from "../kit/Button.ts";
import { Icon } from "../kit/Icon.ts";

const defaultMinPhotos = 5;

interface Step {
  title: string;
  help: string;
  isDone: boolean;
  href: string;
}

/** The way to the first picture, with each step's real state. Leaves when there is a picture. As a preview it only says what comes. */
export function FirstSteps({ isPreview = false }: { isPreview?: boolean }) {
  const app = useApp();
  const characters = app.characters.all.value;
  const needed = app.info.value.training?.minPhotos ?? defaultMinPhotos;
  const first = characters.find((character) => character.photoCount >= needed) ?? characters[0];
  const steps: Step[] = [
    { title: text.create, help: text.createHelp, isDone: characters.length > 0, href: "/characters?new=1" },
    { title: text.photos, help: text.photosHelp, isDone: (first?.photoCount ?? 0) >= needed, href: `/characters/${first?.id}` },
    { title: text.train, help: text.trainHelp, isDone: app.library.loras.value.length > 0, href: `/training/new?character=${first?.id}` },
    { title: text.picture, help: text.pictureHelp, isDone: false, href: "/generate" },
  ];
  const training = first?.activeJobId ?? null;
  // Whoever has a LoRA has gone through the steps before it, also when the person of it is gone.
  const trained = app.library.loras.value.length > 0;
  for (const step of trained ? steps.slice(0, 3) : []) step.isDone = true;
  const now = isPreview ? -1 : steps.findIndex((step) => !step.isDone);
  return html`<section class="card" aria-labelledby="steps-title">
    <div>
      <h2 id="steps-title">${text.welcome}</h2>
      <p class="dim">${text.welcomeHelp}</p>
    </div>
    <ol class="steps">
      ${steps.map((step, index) => {
        const state = step.isDone ? "done" : index === now ? "now" : "later";
        return html`<li key=${step.title} data-s=${state} aria-current=${state === "now" ? "step" : undefined}>
          <span class="mark">${step.isDone ? html`<${Icon} name="check" size="s" />` : index + 1}</span>
          <div>
            <h3>${step.title}${step.isDone && html`<span class="hide">, ${text.done}</span>`}</h3>
            <p class="hint">${step.help}</p>
          </div>
          ${state === "now" &&
          (training !== null && !trained
            ? html`<${Button} kind="primary" href=${`/training/${training}`}>Watch training<//>`
            : html`<${Button} kind="primary" href=${step.href}>${step.title}<//>`)}
        </li>`;
      })}
    </ol>
  </section>`;
}
