import { html } from "htm/preact";
import { useId, useState } from "preact/hooks";
import { placeList } from "../../keys.ts";
import { useApp, type AppModel } from "../../models/app/AppModel.ts";
import { titleOf } from "../../models/jobs/JobsModel.ts";
import { commandText as text } from "../../text/commands.ts";
import { Dialog } from "../kit/Dialog.ts";

const maxShown = 8;

interface Command {
  readonly name: string;
  readonly kind: string;
  readonly href: string;
}

/** Goes anywhere by a few letters of its name. Loaded when it is first asked for. */
export function CommandPalette({ onClose }: { onClose: () => void }) {
  const app = useApp();
  const id = useId();
  const [search, setSearch] = useState("");
  const [chosen, setChosen] = useState(0);
  const found = matching(commandsOf(app), search);
  const at = Math.min(chosen, found.length - 1);
  const go = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    app.router.navigate(command.href);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by !== 0) setChosen(Math.max(0, Math.min(found.length - 1, at + by)));
    else if (event.key === "Enter" && !event.isComposing) go(found[at]);
    else return;
    event.preventDefault();
  };
  return html`<${Dialog} title=${text.title} onClose=${onClose}>
    <input
      class="input" type="search" data-focus role="combobox" aria-expanded="true" aria-controls=${id} aria-label=${text.search} placeholder=${text.search} autocomplete="off"
      aria-activedescendant=${found.length > 0 ? `${id}-${at}` : undefined} value=${search} onKeyDown=${onKeyDown}
      onInput=${(event: Event) => (setSearch((event.target as HTMLInputElement).value), setChosen(0))}
    />
    <ul class="commands" id=${id} role="listbox" aria-label=${text.title}>
      ${found.map((command, index) => html`<li key=${command.href + command.name} id=${`${id}-${index}`} role="option" aria-selected=${index === at ? "true" : "false"} onClick=${() => go(command)}>
        <span class="cut grow">${command.name}</span><span class="hint">${command.kind}</span>
      </li>`)}
    </ul>
    ${found.length === 0 && html`<p class="hint" role="status">${text.nothing(search.trim())}</p>`}
  <//>`;
}

function commandsOf({ characters, jobs }: AppModel): Command[] {
  return [
    ...text.actions.map(([name, href]) => ({ name, href, kind: text.action })),
    ...placeList.map(({ name, href, key }) => ({ name, href, kind: `g ${key}` })),
    ...characters.all.value.map(({ name, id }) => ({ name, href: `/characters/${id}`, kind: text.character })),
    ...jobs.all.value.filter((job) => job.kind === "training").map((job) => ({ name: titleOf(job), href: `/training/${job.id}`, kind: text.training })),
  ];
}

/** Names that begin with it, then those of which a word does, then all that hold it. */
function matching(commands: readonly Command[], search: string): Command[] {
  const wanted = search.trim().toLowerCase();
  const rank = (name: string) => (name.startsWith(wanted) ? 0 : name.split(/\s+/).some((word) => word.startsWith(wanted)) ? 1 : name.includes(wanted) ? 2 : 3);
  const ranked = commands.map((command) => ({ command, rank: rank(command.name.toLowerCase()) })).filter((entry) => entry.rank < 3);
  return ranked.toSorted((a, b) => a.rank - b.rank).slice(0, maxShown).map(({ command }) => command);
}
