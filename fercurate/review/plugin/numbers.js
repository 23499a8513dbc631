// What verdicts have bought and what the next ones would buy; each number says what it counts.
const React = window.React;
const h = React.createElement;

const number = (n) => Math.round(n).toLocaleString("en");
const percent = (share) => `${Math.round(100 * share)}\u00a0%`;
const fine = (share) => `${(100 * share).toFixed(1)}\u00a0%`;
const minutesOf = (m) => (m == null ? "–" : m < 1 ? "< 1" : m < 10 ? m.toFixed(1) : number(m));

function Stat({ name, value, note, id }) {
  return h(
    "div",
    { className: "fcr-stat", "data-cy": id },
    h("div", { className: "fcr-stat-value" }, value),
    h("div", { className: "fcr-stat-name" }, name),
    note && h("div", { className: "fcr-muted fcr-small" }, note),
  );
}

const COUNTED = {
  accept: "accepted",
  keep: "kept",
  relabel: "relabelled",
  ambiguous: "ambiguous",
  exclude: "excluded",
};

function Counts({ counts, disputed }) {
  return h(
    "div",
    { className: "fcr-counts", "data-cy": "fcr-counts" },
    Object.entries(COUNTED).map(([action, name]) =>
      h("span", { key: action, className: counts[action] ? "" : "is-none" },
        h("b", null, number(counts[action])), ` ${name}`),
    ),
    disputed > 0 && h("span", null, h("b", null, number(disputed)), " disputed"),
  );
}

/** What random verdicts do for the ranking, where it was measured. */
function Curve({ curve, children }) {
  if (!curve || curve.then - curve.now < 0.005) return null;
  return h("div", { className: "fcr-muted fcr-small", "data-cy": "fcr-curve",
    title: "reports/record/fer2013-review-loop" },
    `${children} (average precision on FER2013 ${curve.now.toFixed(2)} with ${number(curve.n)} verdict${curve.n === 1 ? "" : "s"} on random images, `
    + `${curve.then.toFixed(2)} with ${number(curve.to)}).`);
}

function OfSample({ state }) {
  const { minutes, total, curve } = state;
  const left = total.of - total.done;
  return h(
    React.Fragment,
    null,
    h("div", { className: "fcr-stats" },
      h(Stat, {
        id: "fcr-minutes",
        name: "minutes to the end of the sample",
        value: minutesOf(minutes),
        note: minutes == null ? "after the first verdict"
          : `${number(left)} images left, at your pace so far`,
      })),
    h(Curve, { curve }, "Random verdicts teach the ranking most"),
  );
}

const SOURCES = { sample: "from the random sample", audit: "as the audit believes" };

function Gain({ gains }) {
  if (!gains) return null;
  return h(
    "div",
    { className: "fcr-gain", "data-cy": "fcr-gain" },
    h("span", null, "Wrong labels: ", h("b", null, fine(gains.before)), " at first, ",
      h("b", null, fine(gains.now)), " now",
      gains.next_n > 0 && [", ", h("b", { key: "after" }, fine(gains.after)), ` after the next ${number(gains.next_n)}`]),
    h("span", { className: "fcr-muted fcr-small" }, ` ${SOURCES[gains.by]}`),
  );
}

function OfQueue({ state }) {
  const unknown = state.waiting ? "being worked out" : "not known";
  const { found, precision, remaining, minutes, gains, counts, disputed, curve } = state;
  return h(
    React.Fragment,
    null,
    h(
      "div",
      { className: "fcr-stats" },
      h(Stat, {
        id: "fcr-precision",
        name: "wrong labels found",
        value: number(found),
        note: precision
          ? `in the queue ${percent(precision.value)} of ${number(precision.n)} decided (${Math.round(100 * precision.low)} to ${percent(precision.high)})`
          : `of ${number(state.decided)} images decided`,
      }),
      h(Stat, {
        id: "fcr-next",
        name: gains ? `to find in the next ${number(gains.next_n)}` : "to find next",
        value: gains ? `≈ ${number(gains.next_found)}` : "–",
        note: gains ? "as the audit believes" : unknown,
      }),
      h(Stat, {
        id: "fcr-remaining",
        name: "wrong labels remain",
        value: remaining ? `≈ ${number(remaining.value)}` : "–",
        note: !remaining ? unknown
          : remaining.low == null ? SOURCES.audit
            : `${number(remaining.low)} to ${number(remaining.high)}, ${SOURCES.sample}`,
      }),
      h(Stat, {
        id: "fcr-minutes",
        name: "minutes for 100",
        value: minutesOf(minutes),
        note: minutes == null ? "after the first verdict" : "at your pace so far",
      }),
    ),
    h(Gain, { gains }),
    h(Counts, { counts, disputed }),
    h(Curve, { curve }, "More random images, seen blind, would teach the ranking more"),
  );
}

export function Numbers({ state }) {
  return h(
    "section",
    { className: "fcr-card", "data-cy": "fcr-numbers" },
    h(state.mode === "sample" ? OfSample : OfQueue, { state }),
  );
}
