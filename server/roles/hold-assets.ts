/** Style and script of the page that works without a database. Served as files: the page's policy allows nothing inline. */
export const holdStyle = `
:root { color-scheme: light dark; --paper: #fbfaf8; --ink: #1d1c1a; --soft: #5b5853; --line: #d9d5ce; --accent: #3c5a48; --on: #fff; --warn: #9a3412; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #191816; --ink: #ecebe8; --soft: #aaa69f; --line: #3a3834; --accent: #9cc3aa; --on: #10150f; --warn: #fdba74; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 44rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.what { color: var(--warn); font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dt { color: var(--soft); } dd { margin: 0; }
code, pre { font: .875em/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { border: 1px solid var(--line); border-radius: 6px; padding: .75rem; white-space: pre-wrap; }
ul { list-style: none; margin: 1rem 0; padding: 0; }
li { display: flex; flex-wrap: wrap; gap: .5rem 1rem; justify-content: space-between; align-items: center; padding: .75rem 0; border-top: 1px solid var(--line); }
li div { flex: 1 1 18rem; }
button, input { font: inherit; min-height: 2.75rem; padding: .4rem .9rem; border-radius: 6px; border: 1px solid var(--soft); background: transparent; color: inherit; }
button { cursor: pointer; } button[disabled] { opacity: .55; cursor: default; }
button.first { background: var(--accent); border-color: var(--accent); color: var(--on); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
#outcome:not(:empty) { border-left: 4px solid var(--warn); padding: .25rem .75rem; }
`;

export const holdScript = `
const headers = { "content-type": "application/json", "x-isengard": "hold" };
const outcome = document.getElementById("outcome");
const waitLimitMs = 60000;
const formats = { full: { dateStyle: "medium", timeStyle: "short" }, short: { timeStyle: "short" } };
for (const time of document.querySelectorAll("time")) {
  time.textContent = new Intl.DateTimeFormat(undefined, formats[time.dataset.style]).format(new Date(time.dateTime));
}
const say = (text) => { outcome.textContent = text; };
const lock = (locked) => { for (const button of document.querySelectorAll("button")) button.disabled = locked; };
async function post(path, body) {
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  const json = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(json?.error ? [json.error.what, json.error.why, json.error.fix].filter(Boolean).join(" ") : "Isengard did not answer as expected.");
  return json;
}
async function waitForRestart() {
  const end = performance.now() + waitLimitMs;
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const health = await fetch("/health").then((answer) => answer.json()).catch(() => null);
    if (health && (health.status === "healthy" || health.since !== document.body.dataset.since)) return location.reload();
  }
  say("Isengard has not come back within a minute. Look at the terminal that it runs in.");
  lock(false);
}
async function act(work, during) {
  lock(true);
  say(during);
  try { await work(); } catch (error) { say(error.message); lock(false); }
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  if (!button) return;
  const words = { restore: "The backup is being checked and put in place\u2026", retry: "Isengard starts again\u2026", empty: "The file is being set aside\u2026" };
  void act(async () => {
    await post("/api/hold/" + button.dataset.action, { id: button.dataset.id });
    say("Isengard starts again\u2026");
    await waitForRestart();
  }, words[button.dataset.action]);
});
document.getElementById("login")?.addEventListener("submit", (event) => {
  event.preventDefault();
  void act(async () => { await post("/api/session", { token: new FormData(event.target).get("token") }); location.reload(); }, "");
});
`;
