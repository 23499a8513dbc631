// What stands around the keys of the panel: the answer so far, and the ways to go on.
const { React } = window;
const h = React.createElement;

/** What this reviewer said of the open image; its place is kept, so that no button moves. */
export function Answered({ image }) {
  return h("div", { className: "fcr-answered", role: "status", "data-cy": "fcr-answered" },
    image?.answered && h("span", null, "answered: ", h("b", null, image.answered), "; press again to change"));
}

function Link({ name, children, onClick, id }) {
  return h("button", { type: "button", className: "fcr-link", "data-cy": id,
    onMouseDown: (event) => event.preventDefault(), onClick },
    h("kbd", null, name), children && " ", children);
}

export function Help({ state, api, isOpen }) {
  const blind = state.mode === "sample";
  if (state.end && !isOpen) return null; // the card at the end says how to go on
  return h(
    "div",
    { className: "fcr-help" },
    isOpen
      ? h("span", null,
          h(Link, { name: "←", id: "fcr-before", onClick: () => api.turn("ArrowLeft") }), " ",
          h(Link, { name: "→", id: "fcr-after", onClick: () => api.turn("ArrowRight") }, "look without deciding"))
      : h("span", null, "Open the first image, or tick several and press a key for all."),
    h(Link, { name: "n", id: "fcr-next", onClick: api.nextBatch }, blind ? "lay out those left" : "the next images"),
    h(Link, { name: "?", id: "fcr-help", onClick: api.help }, "all keys"),
  );
}
