import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import type { Artifact, Job } from "../../../server/contract/job.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { isWorking } from "../../models/jobs/JobsModel.ts";
import { coverOf } from "../characters/CharacterCard.ts";
import { Thumb } from "../kit/Thumb.ts";

/** What a job has drawn last: a test picture of a training, a preview of a picture; before that the person. */
export function RunningPicture({ job }: { job: Job }) {
  const { api, events, connection, characters } = useApp();
  const [drawn, setDrawn] = useState<string | null>(null);
  const watches = isWorking(job);
  useEffect(() => {
    if (!watches) return;
    let isGone = false;
    connection.watch(job.id);
    const stops = [
      events.on("job.artifact", ({ jobId, artifact }) => jobId === job.id && artifact.kind === "sample" && setDrawn(artifact.url)),
      events.on("job.preview", ({ jobId, dataUrl }) => jobId === job.id && setDrawn(dataUrl)),
    ];
    if (job.kind === "training") {
      const show = ({ artifacts }: { artifacts: readonly Artifact[] }) => {
        const newest = artifacts.filter(({ kind }) => kind === "sample").toSorted((a, b) => (b.step ?? 0) - (a.step ?? 0))[0];
        if (newest && !isGone) setDrawn((known) => known ?? newest.url);
      };
      // Without it the person's photo stays, which says enough.
      api.get<{ artifacts: Artifact[] }>(`/api/jobs/${encodeURIComponent(job.id)}/artifacts`).then(show, () => undefined);
    }
    return () => {
      isGone = true;
      connection.unwatch(job.id);
      for (const stop of stops) stop();
    };
  }, [job.id, watches]);
  const character = characters.byId(job.characterId ?? "");
  return html`<${Thumb} src=${drawn ?? (character ? coverOf(character) : null)} alt="" size="portrait" />`;
}
