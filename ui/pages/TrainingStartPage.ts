import { html } from "htm/preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Preset } from "../../server/contract/backend.ts";
import type { Job } from "../../server/contract/job.ts";
import { CharacterPick } from "../components/training/CharacterPick.ts";
import { ErrorNotice, Notice } from "../components/kit/Notice.ts";
import { Loaded } from "../components/kit/Loaded.ts";
import { Page } from "../components/frame/Page.ts";
import { PresetCards } from "../components/training/PresetCards.ts";
import { Skeleton } from "../components/kit/Skeleton.ts";
import { TrainingAdvanced } from "../components/training/TrainingAdvanced.ts";
import { TrainingReview } from "../components/training/TrainingReview.ts";
import { useApp } from "../models/app/AppModel.ts";
import { estimateText } from "../models/training/estimate.ts";
import { gentlerSettings } from "../models/jobs/gentler.ts";
import { promptsSpec } from "../models/training/training-prompts.ts";
import { createTrainingStartModel, type TrainingStartModel } from "../models/training/TrainingStartModel.ts";
import { trainingText as text } from "../text/training.ts";

/** How do I get a good result without knowing what a rank is? */
export function TrainingStartPage() {
  const app = useApp();
  const { query } = app.router.route.value;
  const model = useMemo(() => createTrainingStartModel(app, query.get("character") || onlyCharacter(app.characters.all.value)), []);
  const note = useRepeat(model, query.get("repeat"), query.get("change"));
  const choose = (id: string) => {
    app.router.setQuery({ character: id });
    model.chooseCharacter(id);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) document.getElementById("start")?.click();
  };
  return html`<${Page} title=${text.newTitle} up=${{ href: "/training", label: "Training" }}>
    <div class="stack wide start-form" onKeyDown=${onKeyDown}>
      ${note !== "" && html`<${Notice}>${note}<//>`}
      <section class="stack" aria-labelledby="who-title">
        <div><h2 id="who-title">${text.who}</h2><p class="hint">${text.whoHelp}</p></div>
        <${CharacterPick} chosen=${model.characterId.value} onChoose=${choose} />
      </section>
      ${model.characterId.value !== null &&
      html`<section class="stack" aria-labelledby="good-title">
        <div><h2 id="good-title">${text.howGood}</h2><p class="hint">${text.howGoodHelp}</p></div>
        <${Loaded} resource=${model.presets} skeleton=${html`<${Skeleton} layout="tiles" height="112px" count=${3} />`}>
          ${(presets: readonly Preset[]) => html`<${Presets} model=${model} presets=${presets} />`}
        <//>
      </section>`}
      ${model.presets.data.value && app.info.value.training && html`<${TrainingAdvanced} model=${model} training=${app.info.value.training} />`}
      ${model.error.value && html`<${ErrorNotice} error=${model.error.value} alert />`}
      <${TrainingReview} model=${model} />
    </div>
  <//>`;
}

function onlyCharacter(characters: ReadonlyArray<{ id: string }>): string | null {
  return characters.length === 1 ? characters[0]!.id : null;
}

/** `?repeat=` takes over the settings of another run, `&change=` makes them gentler. Returns what was changed, in words. */
function useRepeat(model: TrainingStartModel, jobId: string | null, change: string | null): string {
  const app = useApp();
  const [isRepeated, setRepeated] = useState(false);
  const [note, setNote] = useState("");
  const hasPresets = model.presets.data.value !== null;
  useEffect(() => {
    if (jobId === null) return;
    const repeat = (job: Job) => {
      model.repeat(job);
      setRepeated(true);
    };
    const known = app.jobs.byId(jobId);
    if (known) repeat(known);
    // A run that is gone leaves the form at the standard preset, which is on the screen.
    else app.api.get<Job>(`/api/training/${encodeURIComponent(jobId)}`).then(repeat, () => undefined);
  }, [jobId]);
  useEffect(() => {
    if (!isRepeated || !hasPresets) return;
    const gentler = gentlerSettings(change, app.info.value.training?.parameters ?? [], model.valueOf);
    if (!gentler) return;
    model.values.value = { ...model.values.value, ...gentler.values };
    setNote(gentler.note);
  }, [isRepeated, hasPresets, change]);
  return note;
}

function Presets({ model, presets }: { model: TrainingStartModel; presets: readonly Preset[] }) {
  const training = useApp().info.value.training;
  const prompts = training ? promptsSpec(training) : undefined;
  const factsOf = (preset: Preset) => {
    const steps = model.valueOf("steps", preset.id);
    const pictures = prompts ? model.valueOf(prompts.name, preset.id) : null;
    return [
      typeof steps === "number" ? `${steps.toLocaleString("en")} steps` : "",
      Array.isArray(pictures) ? `${pictures.length} test pictures each time` : "",
      estimateText(model.pace(preset.id), typeof steps === "number" ? steps : null),
    ].filter((fact) => fact !== "");
  };
  return html`<${PresetCards}
    presets=${presets}
    chosen=${model.presetId.value}
    changed=${model.changed.value.length}
    factsOf=${factsOf}
    onChoose=${(id: string) => (model.presetId.value = id)}
  />`;
}
