"use strict";
const { key, blind, faces } = JSON.parse(document.getElementById("data").textContent);
const STORE = "fercurate-sheet-" + key;
const CLASSES = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"];
const KEYS = { m: "ambiguous", x: "exclude" };
CLASSES.forEach((name, i) => { KEYS[i + 1] = name; });
if (!blind) Object.assign(KEYS, { a: "accept", k: "keep" });
const $ = (id) => document.getElementById(id);

let state = { verdicts: {}, notes: {}, seconds: {}, past: [] };
try {
  state = Object.assign(state, JSON.parse(localStorage.getItem(STORE) || "{}"));
} catch { /* a private window keeps nothing */ }
let keeps = true;
let at = 0;
let shownAt = performance.now();

function store() {
  try {
    localStorage.setItem(STORE, JSON.stringify(state));
    keeps = true;
  } catch {
    keeps = false;
  }
}

const thumbs = faces.map((face, i) => {
  const button = document.createElement("button");
  const image = document.createElement("img");
  image.src = face.src;
  image.alt = "";
  const word = document.createElement("span");
  button.append(image, word);
  button.addEventListener("click", () => show(i));
  $("all").append(button);
  return button;
});

function paint() {
  faces.forEach((face, i) => {
    const verdict = state.verdicts[face.id];
    const word = verdict || String(i + 1);
    thumbs[i].className = verdict ? "done" : "";
    thumbs[i].lastChild.textContent = word;
    thumbs[i].setAttribute("aria-current", i === at);
    thumbs[i].setAttribute("aria-label", `face ${i + 1}: ${verdict || "open"}`);
  });
  const done = faces.filter((face) => state.verdicts[face.id]).length;
  $("bar").max = faces.length || 1;
  $("bar").value = done;
  const lost = keeps ? "" : " (this browser keeps nothing: save before you close)";
  $("count").textContent = `${done} of ${faces.length}${lost}`;
}

function show(i) {
  if (!faces.length) {
    $("what").textContent = "There is nothing to review here.";
    return paint();
  }
  at = Math.max(0, Math.min(faces.length - 1, i));
  shownAt = performance.now();
  const face = faces[at];
  $("face").src = face.src;
  const verdict = state.verdicts[face.id];
  const what = $("what");
  what.textContent = blind ? "Which expression is it?" : `Labelled ${face.given || "nothing"}.`;
  if (!blind && face.suggestion) {
    const sure = face.confidence === null ? "" : ` (${Math.round(100 * face.confidence)} %)`;
    what.append(` Suggested: ${face.suggestion}${sure}.`);
  }
  const line = document.createElement("span");
  line.textContent = `Face ${at + 1} of ${faces.length}, ${face.id}` + (verdict ? `: ${verdict}` : "");
  what.append(line);
  if (!blind) {
    $("suggestion").textContent = face.suggestion || "";
    $("given").textContent = face.given || "";
  }
  for (const button of $("buttons").children) {
    button.disabled = !allowed(face, button.dataset.verdict);
    button.classList.toggle("chosen", button.dataset.verdict === verdict);
  }
  $("note").value = state.notes[face.id] || "";
  paint();
}

function allowed(face, verdict) {
  if (verdict === "accept") return Boolean(face.suggestion);
  return verdict !== "keep" || Boolean(face.given);
}

function next() {
  for (let step = 1; step <= faces.length; step++) {
    const i = (at + step) % faces.length;
    if (!state.verdicts[faces[i].id]) return show(i);
  }
  show(at);
}

function give(verdict) {
  const face = faces[at];
  if (!face || !allowed(face, verdict)) return;
  state.past.push([face.id, state.verdicts[face.id] || null]);
  state.verdicts[face.id] = verdict;
  const seconds = (performance.now() - shownAt) / 1000;
  if (seconds < 600) state.seconds[face.id] = seconds.toFixed(1);
  else delete state.seconds[face.id];
  store();
  next();
}

function undo() {
  const last = state.past.pop();
  if (!last) return;
  const [id, before] = last;
  if (before) state.verdicts[id] = before;
  else delete state.verdicts[id];
  store();
  show(faces.findIndex((face) => face.id === id));
}

function cell(value) {
  let text = value === null || value === undefined ? "" : String(value);
  // as foreign.cell does: at the beginning, and behind what another spreadsheet splits at
  text = text.replace(/^'*(?=[\t\r\n])/, "'$&");
  text = text.replace(/(^|[,;|\t\r\n])('*)(?=[=+\-@＝＋－＠])/g, "$1'$2");
  return /[",;\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
}

function table() {
  const header = ["sample_id", "sha256", "row", "mode"];
  if (!blind) header.push("given_label", "suggestion", "confidence");
  header.push("verdict", "note", "seconds");
  const rows = faces.map((face) => {
    const cells = [face.id, face.sha256, face.row, blind ? "sample" : "import"];
    if (!blind) cells.push(face.given, face.suggestion, face.confidence);
    cells.push(state.verdicts[face.id], state.notes[face.id], state.seconds[face.id]);
    return cells.map(cell).join(",");
  });
  return [header.join(","), ...rows].join("\r\n") + "\r\n";
}

$("save").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([table()], { type: "text/csv" }));
  link.download = "verdicts.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
});
$("note").addEventListener("input", (event) => {
  if (!faces[at]) return;
  state.notes[faces[at].id] = event.target.value.replace(/[\r\n\t]+/g, " ").trim();
  store();
});
$("note").addEventListener("keydown", (event) => {
  if (event.key === "Enter" || event.key === "Escape") event.target.blur();
});
for (const button of $("buttons").children) {
  button.addEventListener("click", () => { button.blur(); give(button.dataset.verdict); });
}
document.addEventListener("keydown", (event) => {
  if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
  const verdict = KEYS[event.key.toLowerCase()];
  if (event.repeat && (verdict || event.key === "u")) return;
  if (verdict) give(verdict);
  else if (event.key.toLowerCase() === "u") undo();
  else if (event.key === "ArrowLeft") show(at - 1);
  else if (event.key === "ArrowRight") show(at + 1);
  else return;
  event.preventDefault();
});

show(Math.max(0, faces.findIndex((face) => !state.verdicts[face.id])));
