// Which keys mean what, and the sheet that lists them. FiftyOne's own keys stay silent during a
// review: they hide the panel, select images and zoom.
const SHEET = [
  ["a", "accept the suggested label"],
  ["k", "keep the given label"],
  ["1 … 7", null],
  ["m", "ambiguous: more than one class fits"],
  ["x", "exclude: no face, or no photograph"],
  ["u", "take the last verdict back"],
  ["n", "the next images, in the newest order"],
  ["← →", "look without deciding"],
  ["p", "the picture as raw pixels, and back"],
  ["Esc", "close the image"],
  ["Tab, Enter", "go through the buttons"],
  ["?", "this sheet"],
];
const SIGHTED = new Set(["a", "k"]);
const CONTROL =
  "button, a[href], summary, input, select, [role=button], [role=checkbox], [role=tab], [role=menuitem], [role=option]";
const TYPED =
  "input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, " +
  "[contenteditable=true], [role=textbox], [role=combobox], [role=dialog]:not(#modal)";

const sheet = document.createElement("div");
sheet.id = "fcr-sheet";
sheet.setAttribute("role", "dialog");
sheet.setAttribute("aria-label", "Keys");
sheet.addEventListener("click", (event) => event.target === sheet && sheet.remove());

function openSheet({ classes, mode }) {
  const rows = SHEET.filter(([key]) => mode !== "sample" || !SIGHTED.has(key)).map(([key, what]) => {
    const row = document.createElement("tr");
    const [name, meaning] = [document.createElement("th"), document.createElement("td")];
    const kbd = document.createElement("kbd");
    kbd.textContent = key;
    name.append(kbd);
    meaning.textContent = what ?? classes.map((label, i) => `${i + 1} ${label}`).join(", ");
    row.append(name, meaning);
    return row;
  });
  const card = document.createElement("div");
  const title = document.createElement("h2");
  title.textContent = "Keys of the review";
  const table = document.createElement("table");
  table.append(...rows);
  const note = document.createElement("p");
  note.textContent =
    "A key on an answered image asks first; the same key again changes the answer. Close with Esc or ?.";
  card.append(title, table, note);
  sheet.replaceChildren(card);
  document.body.append(sheet);
}

export function toggleSheet(state) {
  if (sheet.isConnected) sheet.remove();
  else openSheet(state);
}

function isTyping(event) {
  const node = event.composedPath()[0];
  return node instanceof Element && (node.isContentEditable || Boolean(node.closest(TYPED)));
}

const controlOf = (event) => {
  const node = event.composedPath()[0];
  return node instanceof Element ? node.closest(CONTROL) : null;
};

/**
 * Listens before every listener of the App. `actionOf(key)` gives what a key does, or null;
 * `close()` closes the open image; `enterPanel()` moves the focus to the panel, false where it
 * is there.
 */
export function listen({ desk, actionOf, isOpen, close, enterPanel, isHere }) {
  function onKey(event) {
    if (!event.isTrusted || !desk.state) return;
    const { key, type } = event;
    const isPlain = !(event.ctrlKey || event.metaKey || event.altKey);
    const act = plan(event, key, isPlain);
    if (act === null) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (type === "keydown" && !event.repeat) act();
  }

  /** What to do; null: the App and the browser shall have the key. */
  function plan(event, key, isPlain) {
    const nothing = () => {};
    if (!isPlain) return null;
    if (!isHere()) {
      if (key !== "Enter" && key !== " ") return key.length === 1 ? nothing : null;
      const button = event.composedPath()[0].closest?.("#fcr-cover button");
      return button ? () => button.click() : nothing;
    }
    if (sheet.isConnected) {
      if (key === "Escape" || key === "?") return () => sheet.remove();
      return key === "Shift" ? null : nothing;
    }
    if (isTyping(event)) return null;
    if (key === "?") return () => toggleSheet(desk.state);
    if (key === "Escape") return isOpen() ? close : null;
    if (key === "Tab") return isOpen() && !event.shiftKey && enterPanel(true) ? () => enterPanel() : null;
    if (key === "Enter" || key === " ") {
      const control = controlOf(event);
      // the App takes Enter for itself wherever the focus is
      if (control) return control.closest(".fcr") ? () => control.click() : null;
      return (key === "Enter" && actionOf("enter")) || nothing;
    }
    if (key === "Backspace" || key === "Delete") return nothing;
    if (key.length !== 1) return null;
    return (!event.shiftKey && actionOf(key.toLowerCase())) || nothing;
  }

  for (const type of ["keydown", "keypress", "keyup"]) window.addEventListener(type, onKey, true);
}
