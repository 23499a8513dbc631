// The panel "Review": progress, numbers, the evidence of the open image, and buttons.
import { Evidence, Face } from "./evidence.js";
import { Answered, Help } from "./foot.js";
import { Numbers } from "./numbers.js";
import { End, Start } from "./start.js";
import { selected } from "./walk.js";

const React = window.React;
const h = React.createElement;
const fos = window.__fos__;
const { useRecoilValue, useSetRecoilState } = window.recoil;
const { useSpaces } = window.__fosp__;

const PANEL = "fercurate_review"; // as index.js and the Python name it
const MODAL_SPACES = "fiftyone-modal-spaces";
const number = (n) => n.toLocaleString("en");

/** The open image's layout: the picture on the left, this panel on the right. */
const beside = (panel) => ({
  id: "root",
  children: [
    {
      id: "fercurate-picture",
      children: [
        { id: "fo-sample-modal-plugin", children: [], type: "fo-sample-modal-plugin", pinned: true },
      ],
      type: "panel-container",
      activeChild: "fo-sample-modal-plugin",
    },
    {
      id: "fercurate-side",
      children: [{ id: panel, children: [], type: panel, pinned: false }],
      type: "panel-container",
      activeChild: panel,
    },
  ],
  type: "panel-container",
  layout: "horizontal",
  activeChild: panel,
  sizes: [0.62, 0.38],
});

function useDesk(desk) {
  const [, again] = React.useReducer((n) => n + 1, 0);
  React.useEffect(() => {
    desk.listeners.add(again);
    return () => desk.listeners.delete(again);
  }, [desk]);
}

function Bar({ done, of, label, strong }) {
  const share = of ? done / of : 0;
  return h(
    "div",
    { className: "fcr-progress" },
    h(
      "div",
      { className: "fcr-row" },
      h("span", { className: strong ? "fcr-strong" : "fcr-muted" }, label),
      h("span", { className: "fcr-num" }, `${number(done)} of ${number(of)}`),
    ),
    h("div", { className: `fcr-track ${strong ? "" : "is-thin"}` },
      h("div", { className: "fcr-fill", style: { width: `${100 * share}%` } })),
  );
}

function Progress({ state, brief }) {
  const blind = state.mode === "sample";
  return h(
    "section",
    { className: "fcr-card", "data-cy": "fcr-progress" },
    h(Bar, {
      ...(blind ? state.total : state.batch),
      label: blind ? "Of this sample" : "Of these images",
      strong: true,
    }),
    !blind && !brief && h(Bar, { ...state.total, label: "Of all that the audit flags, decided" }),
  );
}

function Key({ name, onClick, children, title, disabled, colour, wide }) {
  return h(
    "button",
    {
      type: "button",
      className: `fcr-button ${wide ? "is-wide" : ""}`,
      title,
      disabled,
      // the key press that follows must go to the page, not to this button
      onMouseDown: (event) => event.preventDefault(),
      onClick,
      "data-cy": `fcr-key-${name}`,
      style: colour && { "--fcr-mark": colour },
    },
    h("kbd", null, name),
    h("span", null, children),
  );
}

function Keys({ api, state, image }) {
  const { press } = api;
  const blind = state.mode === "sample";
  return h(
    "section",
    { className: "fcr-card", "data-cy": "fcr-keys" },
    !blind &&
      h(
        "div",
        { className: "fcr-keys is-two" },
        h(Key, {
          name: "a",
          wide: true,
          disabled: image && !image.suggestion,
          colour: image?.suggestion && state.colours[image.suggestion],
          onClick: () => press("accept"),
        }, image?.suggestion ? h("span", null, "accept ", h("b", null, image.suggestion)) : "accept"),
        h(Key, {
          name: "k",
          wide: true,
          disabled: image && !image.given,
          colour: image?.given && state.colours[image.given],
          onClick: () => press("keep"),
        }, image?.given ? h("span", null, "keep ", h("b", null, image.given)) : "keep"),
      ),
    h(
      "div",
      { className: "fcr-keys is-labels" },
      state.classes.map((label, i) =>
        h(Key, {
          key: label,
          name: String(i + 1),
          colour: state.colours[label],
          onClick: () => press("relabel", { label }),
        }, label),
      ),
    ),
    h(
      "div",
      { className: "fcr-keys is-three" },
      h(Key, { name: "m", title: "More than one class fits", onClick: () => press("ambiguous") }, "ambiguous"),
      h(Key, { name: "x", title: "No face, or no photograph", onClick: () => press("exclude") }, "exclude"),
      h(Key, { name: "u", title: "Take the last verdict back", onClick: () => press("undo") }, "undo"),
    ),
  );
}

function Trouble({ trouble }) {
  if (!trouble) return null;
  return h("div", { className: "fcr-ranking is-failed", role: "alert", "data-cy": "fcr-trouble" },
    h("i", null), trouble);
}

/** What the audit has to say of this reviewer's own verdicts; nothing before a sample's end. */
function Notices({ notices }) {
  if (!notices?.length) return null;
  return h("section", { className: "fcr-card fcr-notice", role: "note", "data-cy": "fcr-reviewer" },
    h("span", { className: "fcr-strong" }, "Your verdicts"),
    notices.map((said) => h("p", { key: said }, said)));
}

function Ranking({ ranking, blind }) {
  if (!ranking.enabled) return null;
  const next = blind ? "a sample keeps its order" : "the next images come in the new order";
  const text = {
    running: "Ranking the queue anew with your verdicts …",
    failed: `The ranking was not renewed: ${ranking.message}`,
    idle: ranking.rounds
      ? `The queue was ranked anew ${ranking.rounds} time${ranking.rounds > 1 ? "s" : ""}; ${next}`
      : `The queue is ranked anew after every ${ranking.every} verdicts`,
  }[ranking.state];
  return h(
    "div",
    { className: `fcr-ranking is-${ranking.state}`, "data-cy": "fcr-ranking" },
    h("i", null),
    text,
  );
}

export function makePanel(api) {
  const { desk } = api;
  return function Review() {
    useDesk(desk);
    const open = useRecoilValue(fos.nullableModalSampleId) || null;
    const { spaces, updateSpaces } = useSpaces(MODAL_SPACES);
    const showSidebar = useSetRecoilState(fos.sidebarVisible(true));
    React.useEffect(() => {
      if (!spaces.root.layout) updateSpaces(beside(PANEL));
      showSidebar(false);
      api.refresh();
    }, []);
    React.useEffect(() => api.see(open), [open]);
    const images = selected(useRecoilValue(fos.view));
    const dataset = useRecoilValue(fos.datasetName);
    React.useEffect(() => {
      desk.dataset = dataset;
      api.laidOut(images);
    }, [String(images), dataset]);
    const { state } = desk;
    if (!state) return h("div", { className: "fcr" });
    const image = open && desk.image?.id === open ? desk.image : null;
    const blind = state.mode === "sample";
    return h(
      "div",
      { className: `fcr ${open ? "is-open" : ""}`, "data-cy": "fcr-panel", "data-image": image?.id },
      !open && h("header", { className: "fcr-row" },
        h("span", { className: "fcr-title" }, blind ? "Blind sample" : "Review"),
        h("span", { className: "fcr-who" }, state.who)),
      !open && h(state.end ? End : Start, { api, state }),
      !open && h(Notices, state),
      h(Progress, { state, brief: open }),
      open && !blind && h(Evidence, { image, colours: state.colours, who: state.who }),
      open && blind && h("section", { className: "fcr-card" },
        image ? h(Face, { image, alone: true }) : h("div", { className: "fcr-face is-alone" })),
      open && h(Answered, { image }),
      h(Keys, { api, state, image }),
      !state.end && h(Numbers, { state }),
      open && h(Notices, state),
      h(Trouble, { trouble: state.trouble }),
      h(Ranking, { ranking: state.ranking, blind }),
      h(Help, { state, api, isOpen: Boolean(open) }),
    );
  };
}
