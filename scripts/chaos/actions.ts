import type { Action, ActionKind } from "./plan.ts";
import { isHolder, isOfTool, kill } from "./processes.ts";
import type { Found } from "./processes.ts";
import type { Wish, World } from "./world.ts";

const mostOpenWishes = 8;
const longestDownMs = 250;
const fullMs = 1_500;

type Act = (world: World, action: Action) => Promise<string>;

/** Each does its part and tells what it met, for the protocol of a failed run. */
export const actions: Readonly<Record<ActionKind, Act>> = {
  train: async (world, { pick, size }) => {
    if (isBusy(world)) return "enough is open";
    const characterId = world.characters[Math.floor(pick * world.characters.length)];
    return submit(world, world.wish("training", { characterId, preset: "quick", values: { steps: 50 + 10 * Math.floor(size * 25) } }));
  },
  generate: async (world, { pick, size }) => {
    // As a page does it: what was never answered is sent again under its key.
    const unanswered = world.wishes.find(({ id }) => id === null);
    if (unanswered && pick > 0.3) return submit(world, unanswered);
    return isBusy(world) ? "enough is open" : submit(world, newPictures(world, size));
  },
  "generate-twice": async (world, { size, pick }) => {
    if (isBusy(world)) return "enough is open";
    const wish = newPictures(world, size);
    const answers = await Promise.all(Array.from({ length: 2 + Math.floor(pick * 4) }, () => world.send(wish)));
    return `${answers.filter((answer) => answer?.job).length} of ${answers.length} answered: ${wish.id}`;
  },
  cancel: async (world, { pick, size }) => {
    const open = world.wishes.filter((wish) => wish.id !== null && wish.cancel === "never" && !isFinal(world.browser.stateOf(wish.id)));
    const wish = open[Math.floor(pick * open.length)];
    if (!wish) return "nothing to cancel";
    const sent = world.cancel(wish);
    // Between the intent and the last signal the next server has to go on with it.
    const told = size < 0.5 ? "" : await killSoon(world, size);
    await sent;
    return `${wish.id}: ${wish.cancel}${told}`;
  },
  "kill-server": async (world, { size }) => restart(world, size, "SIGKILL"),
  "kill-server-while-submitting": async (world, { pick, size }) => {
    const wish = newPictures(world, size);
    const sent = world.send(wish);
    await Bun.sleep(pick * 12);
    const told = await restart(world, size, "SIGKILL");
    await sent;
    return `${told}; the wish is ${wish.id ?? "unanswered"}`;
  },
  "kill-holder": async (world, { pick }) => killOne(world, pick, isHolder),
  "kill-child": async (world, { pick }) => killOne(world, pick, (one) => one.run !== null && !isOfTool(one.run)),
  "kill-comfyui": async (world, { pick }) => killOne(world, pick, (one) => one.run !== null && isOfTool(one.run)),
  "kill-all": async (world, { size }) => {
    world.hurt("tool");
    for (const one of world.processes()) kill(one.pid);
    return restart(world, size, "SIGKILL");
  },
  restart: async (world, { size }) => restart(world, size, "SIGTERM"),
  "drop-socket": async (world) => {
    world.browser.drop();
    return "dropped";
  },
  "clock-jump": async (world, { pick }) => {
    const days = Math.round((pick - 0.5) * 12);
    world.clock?.jump(days);
    return `${days} days`;
  },
  "full-disk": async (world, { pick, size }) => {
    world.hurt("disk");
    world.disk.fill();
    await Bun.sleep(200 + size * fullMs);
    const isKilled = pick > 0.5;
    if (isKilled) await world.end("SIGKILL");
    world.disk.empty();
    if (!isKilled) return "full for a while";
    killedServer(world);
    await world.start();
    return "full for a while, and the server was killed meanwhile";
  },
};

function isBusy(world: World): boolean {
  return world.wishes.filter((wish) => wish.id !== null && !isFinal(world.browser.stateOf(wish.id))).length >= mostOpenWishes;
}

const isFinal = (state: string | undefined) => state === "succeeded" || state === "failed" || state === "cancelled";

function newPictures(world: World, size: number): Wish {
  return world.wish("generation", { prompt: "portrait in a garden", count: 1 + Math.floor(size * 3), width: 256, height: 256, steps: 4 + Math.floor(size * 8) });
}

async function submit(world: World, wish: Wish): Promise<string> {
  const answer = await world.send(wish);
  return answer === null ? "no answer" : `${answer.status} ${wish.id ?? ""}`;
}

async function restart(world: World, size: number, signal: "SIGKILL" | "SIGTERM"): Promise<string> {
  if (signal === "SIGKILL") killedServer(world);
  await world.end(signal);
  await Bun.sleep(size * longestDownMs);
  await world.start();
  return `down for ${Math.round(size * longestDownMs)} ms`;
}

function killedServer(world: World): void {
  world.kills++;
  world.serverKills++;
}

async function killSoon(world: World, size: number): Promise<string> {
  await Bun.sleep((size - 0.5) * 60);
  return `, and the server was killed: ${await restart(world, size, "SIGKILL")}`;
}

async function killOne(world: World, pick: number, isWanted: (one: Found) => boolean): Promise<string> {
  const found = world.processes().filter(isWanted);
  const one = found[Math.floor(pick * found.length)];
  if (!one) return "nobody there";
  world.hurt("tool");
  if (!kill(one.pid)) {
    world.unhurt();
    return "nobody there any more";
  }
  world.kills++;
  return `${one.pid} ${one.run ?? one.command.slice(-80)}`;
}
