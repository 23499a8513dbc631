// Beside the grid: what this review is, a button that begins it, and what a finished sample says.
const React = window.React;
const h = React.createElement;

const number = (n) => Math.round(n).toLocaleString("en");
const share = (value) => `${(100 * value).toFixed(1)}\u00a0%`;

/** The big button; Enter and n do the same for as long as it is there. */
function Begin({ desk, id, onBegin, children }) {
  const [isBusy, setBusy] = React.useState(false);
  const begin = async () => {
    if (isBusy) return;
    setBusy(true);
    try {
      await onBegin();
    } finally {
      setBusy(false);
    }
  };
  React.useEffect(() => {
    desk.begin = begin;
    return () => {
      if (desk.begin === begin) desk.begin = null;
    };
  });
  return h(
    "button",
    {
      type: "button",
      className: "fcr-begin",
      disabled: isBusy,
      onMouseDown: (event) => event.preventDefault(),
      onClick: begin,
      "data-cy": id,
    },
    isBusy ? "Opening …" : children,
    " ",
    h("kbd", null, "Enter"),
  );
}

function about({ mode, total, batch, view }) {
  if (mode === "sample") {
    return `${number(total.of)} faces drawn at random, shown without label and without suggestion. Say what you see.`;
  }
  if (view) return `The saved view "${view}". Give a label, or keep the one that is there.`;
  return `The ${number(batch.of)} labels that are most likely wrong and not decided yet, the worst first. Accept, keep or change each.`;
}

/** What this review is, and how it begins or goes on. */
export function Start({ api, state }) {
  const { batch, view } = state;
  const isBegun = !view && batch.done > 0;
  if (!view && !batch.of) {
    return h("section", { className: "fcr-card fcr-start" }, "Everything is decided. Stop with Ctrl-C in the terminal.");
  }
  return h(
    "section",
    { className: "fcr-card fcr-start" },
    h("p", null, about(state)),
    h(Begin, { desk: api.desk, id: "fcr-start", onBegin: api.start }, isBegun ? "Go on" : "Start"),
  );
}

function Found({ estimate, waiting }) {
  if (!estimate) {
    return h("p", { className: "fcr-muted" },
      waiting ? "Working out what it says …" : "What it says is printed when the review ends.");
  }
  const { images, reviewed, wrong, ambiguous, excluded } = estimate;
  const range = ({ low, high }) => `${share(low)} to ${share(high)}`;
  return h(
    React.Fragment,
    null,
    h("div", { className: "fcr-stat-value", "data-cy": "fcr-wrong" },
      `${share(wrong.value)} of all labels are wrong`),
    h("p", null,
      `95 % interval: ${range(wrong)}. Of ${number(images)} images about ${number(wrong.value * images)} `
      + `bear a wrong label (${number(wrong.low * images)} to ${number(wrong.high * images)}).`),
    h("p", { className: "fcr-muted" },
      `More than one label fits ${share(ambiguous.value)} (${range(ambiguous)}); ${share(excluded.value)} `
      + `(${range(excluded)}) do not belong here. From ${number(reviewed)} images drawn at random.`),
  );
}

/** The end of a blind sample: what it says of the dataset, and the way to the queue. */
export function End({ api, state }) {
  const onBegin = async () => {
    await api.goOn();
    await api.refresh();
  };
  const isRanking = state.ranking.state === "running";
  return h(
    "section",
    { className: "fcr-card fcr-start", "data-cy": "fcr-end" },
    h("span", { className: "fcr-title" }, "The sample is done"),
    h(Found, state),
    h(Begin, { desk: api.desk, id: "fcr-go-on", onBegin }, "Go on with the queue"),
    isRanking && h("p", { className: "fcr-muted fcr-small" },
      "The queue is being ranked with your verdicts. You need not wait: later images come in the new order."),
  );
}
