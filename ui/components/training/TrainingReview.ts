import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { formatBytes } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import type { TrainingStartModel } from "../../models/training/TrainingStartModel.ts";
import { trainingText as text } from "../../text/training.ts";
import { Button } from "../kit/Button.ts";
import { Notice } from "../kit/Notice.ts";
import { Obstacles, useObstacles } from "../jobs/Obstacles.ts";
import { checkValue } from "../kit/ParamForm.ts";

/** What Start will do in one sentence, what stands in its way, and the button. */
export function TrainingReview({ model }: { model: TrainingStartModel }) {
  const app = useApp();
  const isRight = isFormRight(app.info.value.training?.parameters ?? [], model);
  useOutlook(model, isRight);
  const obstacles = model.obstacles(isRight ? "" : text.correct);
  const [inTheWay] = useObstacles("training");
  const blocked = obstacles[0]?.text ?? inTheWay?.what ?? null;
  const start = async (anyway: boolean) => {
    const job = await model.start(anyway);
    if (job) app.router.navigate(`/training/${job.id}`);
  };
  return html`<section class="card review" aria-labelledby="review-title">
    <h2 id="review-title">${text.review}</h2>
    ${obstacles.length === 0 && html`<p>${model.review()}</p><${Writes} model=${model} /><${Before} model=${model} />`}
    ${obstacles.map(
      (obstacle) => html`<${Notice}
        tone="warn"
        key=${obstacle.text}
        actions=${obstacle.link && html`<${Button} href=${obstacle.link.href}>${obstacle.link.label}<//>`}
      >${obstacle.text}<//>`,
    )}
    <${Obstacles} kind="training" onQueueAnyway=${obstacles.length === 0 ? () => start(true) : undefined} />
    <div class="row wrap">
      <${Button} id="start" kind="primary" class="big" icon="play" busyText=${text.starting} unavailable=${blocked} onClick=${() => start(false)}>
        ${text.startButton}
      <//>
      <span class="hint keys"><kbd>Ctrl</kbd> <kbd>Enter</kbd></span>
    </div>
  </section>`;
}

/** A person who moves a number is not asked about at each step of it. */
const settleMs = 300;
/** As often as the server looks at its disks. */
const askAgainMs = 10_000;

/** Asks what the run would write, again after each change; without photos or presets, and with values that are known to be wrong, there is nothing to ask. */
function useOutlook(model: TrainingStartModel, isRight: boolean): void {
  const app = useApp();
  const id = model.characterId.value;
  const isReady = isRight && id !== null && model.presets.data.value !== null && (app.characters.byId(id)?.photoCount ?? 0) >= (app.info.value.training?.minPhotos ?? Infinity);
  useEffect(() => {
    if (!isReady) return;
    const timer = setTimeout(() => void model.outlook.load(), settleMs);
    return () => clearTimeout(timer);
  }, [isReady, id, model.presetId.value, model.values.value]);
  const isRefused = Boolean(model.outlook.data.value?.refusal);
  useEffect(() => {
    if (!isRefused) return;
    const timer = setInterval(() => void model.outlook.load(), askAgainMs);
    return () => clearInterval(timer);
  }, [isRefused]);
}

function Writes({ model }: { model: TrainingStartModel }) {
  const outlook = model.outlook.data.value;
  if (outlook === null || outlook.writesBytes === null) return null;
  return html`<p class="hint">${text.writes(formatBytes(outlook.writesBytes), outlook.downloadBytes === 0 ? null : formatBytes(outlook.downloadBytes))}</p>`;
}

function isFormRight(parameters: Parameters<typeof checkValue>[0][], model: TrainingStartModel): boolean {
  return parameters.every((spec) => !(spec.name in model.values.value) || checkValue(spec, model.values.value[spec.name]) === "");
}

/** What has to end before this run begins. */
function Before({ model }: { model: TrainingStartModel }) {
  const app = useApp();
  const character = app.characters.byId(model.characterId.value ?? "");
  const active = app.jobs.active.value.length;
  if (character?.activeJobId) {
    return html`<p class="hint">${text.already(character.name)} <a href=${`/training/${character.activeJobId}`}>Watch it</a></p>`;
  }
  return active > 0 ? html`<p class="hint">${text.queued(active)}</p>` : null;
}
