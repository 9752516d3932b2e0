/** Style and script of the page that works without a database. Served as files: the page's policy allows nothing inline. */
export const holdStyle = `
:root {
  color-scheme: light dark; --bg: light-dark(#f6f7f9, #0f1216); --surface: light-dark(#fff, #161a20); --soft: light-dark(#46515c, #b3bdc8);
  --ink: light-dark(#15191e, #e8ecf1); --line: light-dark(#d3dae1, #2c343e); --edge: light-dark(#7f8b97, #6b7785); --fill: light-dark(#1f5fbf, #2f6fd6);
  --bad: light-dark(#b3202c, #ff8b8b); --bad-soft: light-dark(#fde7e8, #341619); --focus: light-dark(#0b57d0, #a8c7fa);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { display: grid; gap: 1rem; max-width: 46rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
main > * { margin: 0; min-width: 0; }
.brand { display: flex; align-items: center; gap: .75rem; font-weight: 600; }
.brand svg { width: 30px; color: var(--fill); }
h1 { font-size: 1.5625rem; line-height: 1.25; }
h2 { font-size: 1.25rem; line-height: 1.25; margin-top: 1rem; }
p { margin: 0; }
.problem, .card { display: grid; gap: .75rem; padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: 12px; background: var(--surface); }
.problem { border-color: color-mix(in srgb, var(--bad) 35%, transparent); background: var(--bad-soft); }
.what { font-weight: 600; color: var(--bad); }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1rem; margin: 0; font-size: .875rem; }
dt { color: var(--soft); } dd { margin: 0; }
code, pre { font: .875em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
pre { border: 1px solid var(--line); border-radius: 8px; background: var(--surface); padding: .75rem; white-space: pre-wrap; }
ul { list-style: none; padding: 0 1.25rem; border: 1px solid var(--line); border-radius: 12px; background: var(--surface); }
li { display: flex; flex-wrap: wrap; gap: .5rem 1rem; justify-content: space-between; align-items: center; padding: .75rem 0; border-top: 1px solid var(--line); }
li:first-child { border-top: 0; }
li div { flex: 1 1 18rem; font-size: .875rem; } li strong { font-size: 1rem; }
button, input { font: inherit; min-height: 2.75rem; padding: .4rem 1rem; border-radius: 8px; border: 1px solid var(--edge); background: var(--surface); color: inherit; }
button { cursor: pointer; font-weight: 500; font-size: .875rem; justify-self: start; } button[disabled] { opacity: .55; cursor: default; }
button.first { background: var(--fill); border-color: transparent; color: #fff; }
label { display: grid; gap: .375rem; font-size: .875rem; font-weight: 500; }
.login { align-content: center; max-width: 28rem; min-height: 100dvh; padding-block: 1rem; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
#outcome:not(:empty) { border-left: 4px solid var(--fill); padding: .25rem .75rem; }
`;

export const holdScript = `
const headers = { "content-type": "application/json", "x-isengard": "hold" };
const outcome = document.getElementById("outcome");
const waitLimitMs = 60000;
const clock = { hour: "2-digit", minute: "2-digit", hour12: false };
const formats = { full: { day: "numeric", month: "short", year: "numeric", ...clock }, short: clock };
for (const time of document.querySelectorAll("time")) {
  time.textContent = new Intl.DateTimeFormat("en-GB", formats[time.dataset.style]).format(new Date(time.dateTime));
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
    const { action, id } = button.dataset;
    await post("/api/hold/" + action, action === "restore" ? { id } : {});
    say("Isengard starts again\u2026");
    await waitForRestart();
  }, words[button.dataset.action]);
});
document.getElementById("login")?.addEventListener("submit", (event) => {
  event.preventDefault();
  void act(async () => { await post("/api/session", { token: new FormData(event.target).get("token") }); location.reload(); }, "");
});
`;
