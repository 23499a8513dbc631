// The page: what is said goes to the picture, the cards and the timeline; keys go back.

import { Camera } from "./camera.js";
import { Cards } from "./cards.js";
import { Link } from "./link.js";
import { Words } from "./look.js";
import { Picture } from "./picture.js";
import { Timeline } from "./timeline.js";

const at = (id) => document.getElementById(id);
const CONSENT = "fercurate-consent";
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const page = {
  words: null,
  hello: null,
  controls: { mirror: false, grouped: false, paused: false, half_life: 0, head: "", heads: 0, balance: 0, balances: false },
  camera: null, // how the page's camera stands, as the server has it
  own: "off", // how ours stands
  link: "wait",
  why: "",
  result: null,
  seen: 0,
  stalled: 3000, // ms without a frame after which that is said
  timelineAt: 0,
};

const picture = new Picture(at("picture"));
const timeline = new Timeline(at("timeline"));
const cards = new Cards(at("cards"), at("nobody"), at("count"), (track) => {
  picture.lit = track;
  redraw();
});
const link = new Link({
  hello,
  news,
  notices,
  taken,
  state: linked,
  took: (number) => camera.took(number),
  own: (number) => camera.picture(number),
});
const camera = new Camera(link, (state) => {
  page.own = state;
  link.say({ camera: state });
  show();
});

// -- what the server says ---------------------------------------------------------------
function hello(said) {
  const isFirst = page.hello === null;
  page.hello = said.hello;
  page.words = new Words(said.hello);
  page.link = "open";
  at("source").textContent = said.hello.source;
  at("stored").textContent = said.hello.stored.join(" ");
  at("camera").hidden = !said.hello.gives_camera;
  timeline.fillWith(said.history);
  page.seen = performance.now();
  take(said);
  if (!said.hello.gives_camera) return;
  camera.renew();
  if (camera.isOn) return;
  if (!isFirst) link.say({ camera: page.own }); // what it came to while nobody heard us
  else if (sessionStorage.getItem(CONSENT) === said.hello.key) camera.start();
}

function news(said, image) {
  take(said);
  notices(said.notices);
  if (!said.result || !image || isDark()) return; // no box without the picture that it is of
  page.seen = performance.now();
  page.result = said.result;
  picture.take(said.result, image);
  timeline.take(said.result.time, said.result.faces);
  figures(said.result.stats);
  const shape = `${said.result.size[0]} / ${said.result.size[1]}`;
  if (at("frame").dataset.shape !== shape) {
    at("frame").dataset.shape = shape;
    at("frame").style.setProperty("--shape", shape);
  }
  redraw();
  show();
}

function take(said) {
  const before = page.controls;
  page.controls = said.controls;
  page.camera = said.camera;
  camera.isPaused = page.controls.paused;
  if (before.paused && !page.controls.paused) page.seen = performance.now();
  if (isDark()) {
    page.result = null; // what was seen before is over
    picture.take(null, null);
  }
  if (before.grouped !== page.controls.grouped || !at("legend").childElementCount) legend();
  switches();
  show();
  redraw();
}

/** Whether nobody's camera is on, where the page's own is the source. */
function isDark() {
  return page.hello.gives_camera && page.camera !== "on" && page.camera !== "hidden";
}

function linked(state, why = "") {
  Object.assign(page, { link: state, why });
  if (state !== "lost") camera.stop();
  show();
}

/** All at once: one after the other, none but the last would be seen. */
function notices(texts) {
  if (texts) notify(texts.join("\n"));
}

function taken() {
  if (!camera.isOn) return; // it ended by itself, which is what is to be read
  camera.stop();
  notify("Another page gives its camera now.");
}

// -- what is drawn ----------------------------------------------------------------------
function redraw() {
  if (!page.words) return;
  picture.draw(page.words, page.controls);
  at("nobody").textContent = page.result ? "No face in the picture." : "No picture yet.";
  cards.draw(page.result ? page.result.faces : [], page.words, page.controls.grouped);
  const now = performance.now();
  if (now < page.timelineAt) return;
  page.timelineAt = now + (calm.matches ? 1000 : 100);
  if (timeline.now !== null) timeline.draw(page.words, page.controls.grouped, style());
}

function style() {
  const set = getComputedStyle(document.documentElement);
  const of = (name) => set.getPropertyValue(name).trim();
  return { track: of("--track"), soft: of("--soft"), hatch: of("--hatch"), grid: of("--hatch") };
}

function figures(stats) {
  at("fps").textContent = Math.round(stats.fps);
  at("p50").textContent = Math.round(stats.p50);
  at("p95").textContent = Math.round(stats.p95);
  at("dropped").textContent = stats.dropped.toLocaleString("en");
}

function legend() {
  const rows = page.words.names(page.controls.grouped).map((name) => {
    const row = document.createElement("li");
    const dot = document.createElement("i");
    dot.style.background = page.words.colour(name);
    row.append(dot, name);
    return row;
  });
  at("legend").replaceChildren(...rows);
}

function switches() {
  const { paused, mirror, grouped, half_life: half, head, heads, balance, balances } = page.controls;
  for (const [key, on] of [["p", paused], ["m", mirror], ["g", grouped]]) {
    document.querySelector(`[data-key="${key}"]`).setAttribute("aria-pressed", on);
  }
  at("pause-word").textContent = paused ? "Go on" : "Pause";
  at("half-life").textContent = half ? `${half} s` : "none";
  at("head").hidden = !(heads > 1);
  at("head-name").textContent = head;
  name("head", `Answers as ${head}: to the next labels (V)`);
  at("balance").hidden = !balances;
  at("balance-value").textContent = balance;
  name("balance", `Balance ${balance} of rare classes: to the next step (B)`);
}

function name(id, text) {
  at(id).setAttribute("aria-label", text);
  at(id).title = text;
}

/** How the paused picture's answers were made, where the next ones are to be others. */
function next() {
  const { head, heads, balance } = page.controls;
  if (page.result.head === head && page.result.balance === balance) return "";
  return heads > 1 ? `, then it answers as ${head}, balance ${balance}` : `, then balance ${balance}`;
}

/** How it stands: the pill in the head, and a panel over the picture where there is none. */
function show() {
  const [kind, word] = standing();
  const pill = at("state");
  if (pill.textContent !== word) pill.textContent = word;
  pill.dataset.state = kind;
  at("badge").hidden = !(page.controls.paused && page.link === "open" && page.result);
  at("badge").textContent = `Paused: P goes on${at("badge").hidden ? "" : next()}`;
  const on = camera.isOn;
  at("camera-word").textContent = on ? "Stop camera" : "Start camera";
  const steps = page.hello ? page.hello.half_lives : [0];
  const half = page.controls.half_life;
  for (const button of document.querySelectorAll(".tools button")) {
    const atEnd = { "-": half <= steps[0], "+": half >= steps.at(-1) }[button.dataset.key];
    button.disabled = page.link !== "open" || Boolean(atEnd);
  }
  panel();
  const faces = page.result ? page.result.faces : [];
  const said = faces.map((face) => `face ${face.track} ${page.words.said(face, page.controls.grouped).name}`);
  const text = page.result ? (faces.length ? `Picture: ${said.join(", ")}` : "Picture: no face") : "No picture yet";
  if (picture.canvas.getAttribute("aria-label") !== text) picture.canvas.setAttribute("aria-label", text);
}

function standing() {
  if (page.link === "ended") return ["bad", "Ended"];
  if (page.link === "closed" || page.link === "full") return ["bad", "Closed"];
  if (page.link === "lost") return ["bad", "Connection lost"];
  if (page.link !== "open") return ["wait", "Connecting"];
  if (page.controls.paused) return ["paused", "Paused"];
  if (isDark()) return ["wait", "No camera"];
  if (performance.now() - page.seen > page.stalled) return ["wait", "No new frames"];
  return page.result ? ["live", "Live"] : ["wait", "Waiting for frames"];
}

const PANELS = {
  ended: ["It has ended", () => [page.why || "fercurate live has ended.", "Run it again, and open the link that it prints then."]],
  closed: ["This page is closed to you", () => ["Open the link that fercurate live printed in the terminal: it carries a key, and each session has a new one."]],
  full: ["Too many pages are open", () => ["Close another page of this session, then reload this one."]],
  lost: ["Connection lost", () => ["Trying again. If fercurate live was stopped, run it again and open its new link."]],
  asked: ["Waiting for your permission", () => ["Allow the camera in the browser's question."]],
  denied: ["The browser keeps its camera to itself", () => ["Allow the camera for this page, in the address bar or in the browser's settings; then start it again."], "Start camera"],
  missing: ["No camera was found", () => [navigator.mediaDevices ? "Plug one in, then start it." : "Browsers give their camera to pages at 127.0.0.1 or localhost only. Open this one by such an address."], "Start camera"],
  busy: ["The camera is busy", () => ["Another program holds it, or it failed. Close that program, then start it again."], "Start camera"],
  gone: ["The camera went away", () => ["Plug it in, then start it again."], "Start camera"],
};

function panel() {
  let name = null;
  if (PANELS[page.link]) name = page.link;
  else if (page.link === "open" && isDark() && !camera.isOn) {
    name = { asked: "asked", denied: "denied", missing: "missing", busy: "busy", ended: "gone" }[page.own] || "consent";
  }
  const box = at("panel");
  box.hidden = name === null;
  if (box.dataset.name === (name || "")) return;
  box.dataset.name = name || "";
  if (name === null) return;
  const [title, text, button] = name === "consent" ? consent() : PANELS[name];
  at("panel-title").textContent = title;
  at("panel-text").replaceChildren(...text().map(paragraph));
  at("panel-do").hidden = !button;
  at("panel-do").textContent = button || "";
}

function consent() {
  const { host, stored } = page.hello;
  return [
    "Use this browser's camera?",
    () => [["Frames go to the fercurate process that serves this page, at ", host, "."], stored.join(" ").replace("this machine", "that machine"), "Stop any time: with the button below, with Q, or by closing the page."],
    "Start camera",
  ];
}

function paragraph(text) {
  const made = document.createElement("p");
  for (const [i, part] of [text].flat().entries()) {
    if (i === 1) {
      const strong = document.createElement("strong");
      strong.textContent = part;
      made.append(strong);
    } else made.append(part);
  }
  return made;
}

let noticeTimer = 0;
function notify(text) {
  at("notice").textContent = text;
  at("notice").classList.add("on");
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => at("notice").classList.remove("on"), 5000);
}

// -- what the person does ---------------------------------------------------------------
function press(key) {
  link.say({ key });
}

for (const button of document.querySelectorAll("[data-key]")) {
  button.addEventListener("click", () => press(button.dataset.key));
}
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !page.hello) return;
  const key = { "=": "+", _: "-", "−": "-" }[event.key] || event.key.toLowerCase();
  if (!(key in page.hello.keys)) return;
  event.preventDefault();
  press(key);
});

function startCamera() {
  sessionStorage.setItem(CONSENT, page.hello.key);
  camera.start();
}
at("panel-do").addEventListener("click", startCamera);
at("camera").addEventListener("click", () => {
  if (!camera.isOn) return startCamera();
  sessionStorage.removeItem(CONSENT);
  camera.stop();
});

const dark = matchMedia("(prefers-color-scheme: dark)");
function theme(name) {
  document.documentElement.dataset.theme = name;
  page.timelineAt = 0;
  redraw();
}
const chosen = sessionStorage.getItem("theme");
if (chosen) theme(chosen);
at("theme").addEventListener("click", () => {
  const now = document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  sessionStorage.setItem("theme", next);
  theme(next);
});
dark.addEventListener("change", () => {
  page.timelineAt = 0;
  redraw();
});
new ResizeObserver(() => {
  page.timelineAt = 0;
  redraw();
}).observe(document.body);

setInterval(show, 1000);
show();
link.open();
window.fercurate = { page, picture, timeline, camera, link }; // for tests, and for the curious
