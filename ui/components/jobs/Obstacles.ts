import { html } from "htm/preact";
import type { JobKind } from "../../../server/contract/job.ts";
import type { Obstacle } from "../../../server/contract/obstacle.ts";
import type { ApiError } from "../../api.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { obstacleText as text } from "../../text/obstacles.ts";
import { Button } from "../kit/Button.ts";
import { ErrorNotice, Notice } from "../kit/Notice.ts";

/** What keeps work of this kind from running here, as far as it is known. */
export function useObstacles(kind: JobKind): readonly Obstacle[] {
  return useApp().system.status.value.obstacles[kind];
}

export interface ObstaclesProps {
  kind: JobKind;
  /** Absent where something else has to be put right first. */
  onQueueAnyway?: (() => unknown) | undefined;
}

/** Before the button is pressed: each obstacle with its way out, and the explicit other way. Nothing where there is none. */
export function Obstacles({ kind, onQueueAnyway }: ObstaclesProps) {
  const { system } = useApp();
  const obstacles = useObstacles(kind);
  if (obstacles.length === 0) return null;
  const actions = html`
    <${Button} icon="refresh" busyText=${text.checking} onClick=${() => system.checkAgain()}>${text.checkAgain}<//>
    ${onQueueAnyway && html`<${Button} id="queue-anyway" kind="quiet" onClick=${onQueueAnyway}>${text.queueAnyway}<//>`}
  `;
  return html`<${Notice} tone="warn" title=${text.title[kind]} actions=${actions}>
    <ul class="stack small">
      ${obstacles.map(
        (obstacle) => html`<li key=${obstacle.code}>
          <p><strong>${obstacle.what}</strong> ${obstacle.why}</p>
          <p>${obstacle.fix}${obstacle.href && html` <a href=${obstacle.href}>${text.places[obstacle.href] ?? text.place}</a>`}</p>
        </li>`,
      )}
    </ul>
    ${onQueueAnyway && html`<p class="hint">${text.anywayHelp}</p>`}
  <//>`;
}

/** A refused action on a job that exists; where the machine is what keeps it, with the explicit other way. */
export function RefusedNotice({ error, onQueueAnyway }: { error: ApiError; onQueueAnyway: (() => unknown) | null }) {
  const isOffered = error.code === "cannot_run" && onQueueAnyway !== null;
  const actions = isOffered && html`<${Button} kind="quiet" onClick=${onQueueAnyway}>${text.queueAnyway}<//>`;
  return html`<${ErrorNotice} error=${error} alert actions=${actions}>${isOffered && html`<p class="hint">${text.anywayHelp}</p>`}<//>`;
}
