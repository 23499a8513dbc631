// The keys of the review desk, and the state that the panel shows. Plain JavaScript over the
// App's own globals, no build step. The panel itself is panel.js.
import { listen, toggleSheet } from "./keyboard.js";
import * as picture from "./picture.js";
import { chips, css } from "./style.js";
import { css as numbers } from "./numbers_style.js";
import { makeTab } from "./tabs.js";
import { flash, run, until } from "./talk.js";
import { openImage, walkOver } from "./walk.js";

const fos = window.__fos__;
const NEXT_IMAGE_MS = 3000;
const LAST_IMAGE_MS = 500;
const NEXT_GRID_MS = 20000;

const VERDICT_KEYS = { a: "accept", k: "keep", m: "ambiguous", x: "exclude", u: "undo" };
const builtin = (name) => `@voxel51/operators/${name}`;

// -- what the page knows -------------------------------------------------------------
const desk = {
  state: null, // from the operator "state": progress, numbers, ranking
  image: null, // evidence of the open image
  open: null, // its id, null in the grid
  images: null, // ids that are laid out, in order; null for a view of another kind
  shownAt: performance.now(),
  busy: false,
  stale: false, // the grid shows what was before the last verdicts
  listeners: new Set(),
  set(change) {
    Object.assign(desk, change);
    desk.listeners.forEach((listener) => listener());
  },
};

const ask = (name, params) => run(`@fercurate/review/${name}`, { ...params, tab: tab.name });

// -- which image ----------------------------------------------------------------------
function see(id) {
  if (id === desk.open) return;
  const closed = desk.open && !id;
  desk.set({ open: id, image: id === desk.image?.id ? desk.image : null });
  // a frame later the browser has painted it
  requestAnimationFrame(() => (desk.shownAt = performance.now()));
  if (id) {
    picture.show(id);
    if (desk.images && !fos.modalNavigation.get()) walkOver(desk.images);
    refresh();
  } else picture.hide();
  if (closed && desk.stale) {
    desk.stale = false;
    layOut();
  }
}

/** What is left of the images; the App does not ask for thumbnails that it has once more. */
function layOut() {
  run(builtin("reload_samples"));
  ask("start", { again: true });
}

let polling = null;
async function refresh() {
  const id = desk.open;
  const answer = await ask("state", { image: id });
  if (!answer.state) return flash(answer.message, "error");
  await tab.arrive();
  if (answer.image) picture.load(id, fos.getSampleSrc(answer.image.filepath));
  if (id && id === desk.open) picture.show(id);
  desk.set({ state: answer.state, ...(id === desk.open && { image: answer.image }) });
  poll();
}
function poll() {
  clearTimeout(polling);
  const { ranking, waiting } = desk.state;
  if (ranking.state === "running" || waiting) polling = setTimeout(refresh, 1500);
}

async function turn(key, patience = NEXT_IMAGE_MS) {
  // the App's own arrow keys: they know the order of whatever view is open
  const before = openImage();
  document.dispatchEvent(new KeyboardEvent("keydown", { key, code: key, bubbles: true }));
  const moved = await until(() => openImage() !== before, patience);
  if (moved) see(openImage());
  return moved;
}

async function openOne(id) {
  await run(builtin("open_sample"), { id });
  await until(() => openImage() === id, NEXT_IMAGE_MS);
  if (desk.images?.includes(id)) walkOver(desk.images);
  see(openImage());
}

/** The App's view has changed: `images` are its ids, null where it selects none by id. */
async function laidOut(images) {
  if (String(images) === String(desk.images)) return;
  desk.set({ images });
  if (!images || images.length > 500) return;
  const { paths } = await ask("state", { paths: images });
  for (const [id, path] of Object.entries(paths ?? {})) picture.load(id, fos.getSampleSrc(path));
  if (openImage()) {
    if (!fos.modalNavigation.get()) walkOver(images);
    picture.show(openImage());
  }
}

// -- a verdict ------------------------------------------------------------------------
async function press(action, params = {}) {
  if (desk.busy) return;
  desk.busy = true;
  try {
    const id = openImage();
    see(id);
    const seconds = id ? (performance.now() - desk.shownAt) / 1000 : null;
    const answer = await ask(action, { ...params, quiet: true, seconds, images: id ? [id] : null });
    flash(answer.message || "The desk does not answer. Is `fercurate review` still running?",
      answer.level);
    if (answer.state) desk.set({ state: answer.state });
    if (answer.is_elsewhere) tab.lost();
    if (!answer.recorded) return;
    if (id) {
      desk.stale = true;
      await follow(action, id, answer);
    } else {
      run(builtin("clear_selected_samples"));
      if (isBatchDone()) await nextBatch();
      else layOut();
    }
    poll();
  } finally {
    desk.busy = false;
  }
}

const isBatchDone = () =>
  desk.state && desk.state.batch.of > 0 && desk.state.batch.done >= desk.state.batch.of;

async function follow(action, id, answer) {
  const back = resume;
  if (action !== "undo") resume = null;
  if (action === "undo") {
    if (answer.image === id) refresh();
    else await goBack(answer.image, id);
  } else if (isBatchDone()) {
    await nextBatch();
  } else if (back && back !== id) {
    await openOne(back);
  } else if (!(await next())) {
    flash("That was the last one here. Those passed over are still to decide.", "warning");
    refresh();
  }
}

/** The neighbour in the open view, null where there is none; `step` is 1 or -1. */
async function neighbour(step) {
  try {
    return await fos.modalNavigation.get().peek(step);
  } catch {
    return null;
  }
}

async function next() {
  return turn("ArrowRight", (await neighbour(1)) ? NEXT_IMAGE_MS : LAST_IMAGE_MS);
}

// One that was not laid out leaves the arrow keys where they were: it is come back to there.
let resume = null;
async function goBack(image, from) {
  if ((await neighbour(-1))?.id === image) return turn("ArrowLeft");
  if (desk.images?.includes(image)) return openOne(image);
  resume = resume ?? from;
  return openOne(image);
}

/** The key `n`. */
const anew = () => alone(nextBatch);

async function nextBatch() {
  const wasOpen = Boolean(openImage());
  if (wasOpen) {
    desk.stale = false;
    await run(builtin("close_sample"));
    await until(() => !openImage(), NEXT_IMAGE_MS);
    see(null);
  }
  const images = await laidOutBy("next", (n) => `The next ${n}, in the newest order.`);
  if (wasOpen && images) await openOne(images[0]);
}

/** Asks for images and waits until the grid has them; null where there are none. */
async function laidOutBy(operator, said) {
  const answer = await ask(operator);
  if (answer.state) desk.set({ state: answer.state });
  if (answer.is_elsewhere) tab.lost();
  if (!answer.images?.length) {
    flash(answer.message, answer.images ? "success" : "error");
    return null;
  }
  flash(said(answer.images.length));
  // the App closes an image that was opened before the new grid is there
  const ready = await until(() => String(desk.images) === String(answer.images), NEXT_GRID_MS);
  return ready ? answer.images : null;
}

/** Runs one thing at a time: keys that are pressed meanwhile do nothing. */
async function alone(what) {
  if (desk.busy) return;
  desk.busy = true;
  try {
    await what();
  } finally {
    desk.busy = false;
  }
}

/** The button that begins: the first image that is left, or the grid's first of a saved view. */
async function start() {
  await until(() => !desk.busy, NEXT_GRID_MS); // the queue may still be on its way
  await alone(async () => {
    if (desk.images) return openOne(desk.images[0]);
    const node = document.querySelector("[data-cy=fo-grid] [data-cy=looker]");
    node?.click();
    if (await until(openImage, NEXT_IMAGE_MS)) see(openImage());
  });
}

/** From the finished sample to the queue. */
const goOn = () => alone(() => laidOutBy("go_on", () => "Now the queue, the worst first."));

// -- the keyboard ----------------------------------------------------------------------
function actionOf(key) {
  if ((key === "n" || key === "enter") && desk.begin && !openImage()) return desk.begin;
  if (key === "n") return () => anew();
  if (key === "p") return () => flash(picture.toggleRaw() ? "raw pixels" : "smooth");
  if (VERDICT_KEYS[key]) return () => press(VERDICT_KEYS[key]);
  const label = desk.state.classes[Number(key) - 1];
  return label ? () => press("relabel", { label }) : null;
}

/** The first control of the panel takes the focus; only told whether it would where `ask`. */
function enterPanel(ask) {
  const panel = document.querySelector("#modal [data-cy=fcr-panel]");
  if (!panel || panel.contains(document.activeElement)) return false;
  if (!ask) panel.querySelector("button:enabled")?.focus();
  return true;
}


// -- this page -------------------------------------------------------------------------
const sheet = document.createElement("style");
sheet.textContent = css + numbers + chips();
document.head.append(sheet);

const tab = makeTab({
  send: (what) => ask("tab", { what }),
  leave: () => leave(),
  begin: () => ask("start"),
  changed: () => desk.set({}),
});

/** Told while the page goes away, when the App's own way of asking is gone. */
function leave() {
  fetch("/operators/execute", {
    method: "POST",
    keepalive: true,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      operator_uri: "@fercurate/review/tab",
      dataset_name: desk.dataset,
      params: { what: "leave", tab: tab.name },
    }),
  });
}

listen({
  desk,
  actionOf,
  enterPanel,
  isOpen: openImage,
  close: async () => {
    // a turn that is under way would open the next image again
    await until(() => !desk.busy, NEXT_IMAGE_MS);
    run(builtin("close_sample"));
  },
  isHere: () => tab.isHere,
});

export const api = {
  desk, press, start, goOn, turn, refresh, see, laidOut,
  nextBatch: anew,
  help: () => toggleSheet(desk.state),
};
window.fercurate = { desk };
