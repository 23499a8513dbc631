// What speaks for and against the label of the open image.
const React = window.React;
const h = React.createElement;
const fos = window.__fos__;

const percent = (share) => `${Math.round(100 * share)} %`;

function Label({ name, colours, children }) {
  if (!name) return h("span", { className: "fcr-label is-none" }, "no label");
  return h(
    "span",
    { className: "fcr-label", style: { background: colours[name] || "#6d4c41" } },
    children ?? name,
  );
}

function Earlier({ verdicts, colours, image }) {
  if (!verdicts.length) return null;
  const { suggestion } = image;
  const reopened = verdicts.some((v) => v.suggested !== suggestion && v.outcome !== suggestion);
  return h(
    "div",
    { className: "fcr-earlier", "data-cy": "fcr-earlier" },
    verdicts.map((v) =>
      h("div", { key: v.who + v.when }, `${v.who} `,
        h("span", { className: "fcr-muted" }, `${v.when.slice(0, 10)} `),
        h(Label, { name: v.outcome, colours })),
    ),
    suggestion && reopened &&
      h("div", { className: "fcr-small" }, image.is_second_choice
        ? "Decided before this was the second choice."
        : "Decided before the audit suggested this."),
  );
}

function Probabilities({ top, colours }) {
  return h(
    "div",
    { className: "fcr-bars", "data-cy": "fcr-bars" },
    top.map(({ label, probability }) =>
      h(
        React.Fragment,
        { key: label },
        h("span", null, label),
        h("div", { className: "fcr-track" },
          h("div", {
            className: "fcr-fill",
            style: { width: `${100 * probability}%`, background: colours[label] },
          })),
        h("span", { className: "fcr-num" }, percent(probability)),
      ),
    ),
  );
}

function Neighbours({ neighbours, colours }) {
  if (!neighbours.length) return null;
  return h(
    "div",
    { className: "fcr-neighbours", "data-cy": "fcr-neighbours" },
    h("div", { className: "fcr-muted fcr-small" }, "Nearest images with a trusted label"),
    h(
      "div",
      { className: "fcr-faces" },
      neighbours.slice(0, 5).map((n) =>
        h("figure", { key: n.sample_id },
          h("img", { src: fos.getSampleSrc(n.filepath), alt: n.label || "", title: n.sample_id }),
          h("figcaption", { style: { background: colours[n.label] } }, n.label)),
      ),
    ),
  );
}

/** The face, smoothed and small: forty-eight pixels blown up are hard to read. */
export function Face({ image, alone }) {
  return h("img", { className: `fcr-face ${alone ? "is-alone" : ""}`, src: fos.getSampleSrc(image.filepath), alt: "" });
}

export function Evidence({ image, colours, who }) {
  if (!image) return h("section", { className: "fcr-card fcr-evidence is-waiting" });
  // the reviewer's own answer stands beside the keys
  const earlier = (image.earlier || []).filter((v) => !(image.answered && v.who === who));
  const fired = image.fired.slice(0, 4);
  return h(
    "section",
    { className: "fcr-card fcr-evidence", "data-cy": "fcr-evidence" },
    h(
      "div",
      { className: "fcr-case" },
      h(Face, { image }),
      h(
        "div",
        { className: "fcr-claims" },
        h("div", { className: "fcr-claim" },
          h("span", { className: "fcr-muted fcr-small" }, "given"),
          h(Label, { name: image.given, colours })),
        h("div", { className: "fcr-claim" },
          h("span", { className: "fcr-muted fcr-small" },
            image.is_second_choice ? "second choice" : "suggested"),
          image.suggestion
            ? h(Label, { name: image.suggestion, colours },
                `${image.suggestion} ${percent(image.confidence)}`)
            : h("span", { className: "fcr-muted" }, "nothing else")),
        h(Probabilities, { top: image.top, colours }),
      ),
    ),
    earlier.length > 0 &&
      h(Earlier, { verdicts: earlier, colours, image }),
    (fired.length > 0 || image.flaws.length > 0) &&
      h(
        "div",
        { className: "fcr-chips", "data-cy": "fcr-fired" },
        fired.map(({ name, share }) =>
          h("span", { key: name, title: "share of images that are as low" },
            `${name} · lowest ${share < 0.01 ? "1" : Math.ceil(100 * share)} %`)),
        image.flaws.map((name) => h("span", { key: name, className: "is-flaw" }, name)),
      ),
    h(Neighbours, { neighbours: image.neighbours, colours }),
  );
}
