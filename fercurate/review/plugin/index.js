// The keys of the review desk, and the state that the panel shows. Plain JavaScript over the
// App's own globals, no build step. The panel itself is panel.js.
(() => {
  "use strict";
  const fos = window.__fos__;
  const foo = window.__foo__;
  const fop = window.__fop__;
  const React = window.React;
  const PANEL = "fercurate_review";
  const NEXT_IMAGE_MS = 3000;
  const LAST_IMAGE_MS = 500;

  // On a first visit the App opens an advertisement, which would catch the first click.
  localStorage.setItem("fiftyone-enterprise-tooltip-seen", "true");

  const VERDICT_KEYS = { a: "accept", k: "keep", m: "ambiguous", x: "exclude", u: "undo" };
  const builtin = (name) => `@voxel51/operators/${name}`;

  // -- what the page knows -------------------------------------------------------------
  const desk = {
    state: null, // from the operator "state": progress, numbers, ranking
    image: null, // evidence of the open image
    open: null, // its id, null in the grid
    shownAt: performance.now(),
    busy: false,
    stale: false, // the grid shows what was before the last verdicts
    flash: null,
    listeners: new Set(),
    set(change) {
      Object.assign(desk, change);
      desk.listeners.forEach((listener) => listener());
    },
  };

  function run(uri, params = {}) {
    return new Promise((resolve) => {
      foo.executeOperator(uri, params, {
        skipOutput: true,
        skipErrorNotification: true,
        callback: (answer) =>
          resolve(
            answer?.result ?? {
              recorded: 0,
              level: "error",
              message: answer?.error
                ? `Not saved: ${answer.errorMessage || answer.error}`
                : undefined,
            },
          ),
      });
    });
  }
  const ask = (name, params) => run(`@fercurate/review/${name}`, params);

  let flashTimer = null;
  function flash(text, level = "success") {
    if (!text) return;
    clearTimeout(flashTimer);
    desk.set({ flash: { text, level } });
    flashTimer = setTimeout(
      () => desk.set({ flash: null }),
      level === "success" ? 1600 : 6000,
    );
    let badge = document.getElementById("fcr-flash");
    if (!badge) {
      badge = document.createElement("div");
      badge.id = "fcr-flash";
      badge.setAttribute("role", "status");
      document.body.append(badge);
    }
    badge.textContent = text;
    badge.className = `is-${level}`;
    clearTimeout(badge.timer);
    badge.timer = setTimeout(() => (badge.className = ""), level === "success" ? 1200 : 5000);
  }

  // -- which image ----------------------------------------------------------------------
  const openImage = () =>
    document.querySelector("#modal.modalon, [data-cy=modal]")
      ? new URL(window.location.href).searchParams.get("id")
      : null;

  function see(id) {
    if (id === desk.open) return;
    const closed = desk.open && !id;
    desk.set({ open: id, image: id === desk.image?.id ? desk.image : null });
    // a frame later the browser has painted it
    requestAnimationFrame(() => (desk.shownAt = performance.now()));
    if (id) refresh();
    if (closed && desk.stale) {
      desk.stale = false;
      run(builtin("reload_samples"));
    }
  }

  let polling = null;
  async function refresh() {
    const id = desk.open;
    const answer = await ask("state", { image: id });
    if (!answer.state) return flash(answer.message, "error");
    desk.set({ state: answer.state, ...(id === desk.open && { image: answer.image }) });
    poll();
  }
  function poll() {
    clearTimeout(polling);
    const { ranking, waiting } = desk.state;
    if (ranking.state === "running" || waiting) polling = setTimeout(refresh, 1500);
  }

  function until(condition, ms) {
    return new Promise((resolve) => {
      const end = performance.now() + ms;
      const look = () =>
        condition() ? resolve(true) : performance.now() > end ? resolve(false) : setTimeout(look, 8);
      look();
    });
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
    see(openImage());
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
      if (!answer.recorded) return;
      if (id) {
        desk.stale = true;
        await follow(action, id, answer);
      } else {
        run(builtin("clear_selected_samples"));
        run(builtin("reload_samples"));
        if (isBatchDone()) await nextBatch();
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

  // An image opened by its id leaves the arrow keys where they were: it is come back to there.
  let resume = null;
  async function goBack(image, from) {
    if ((await neighbour(-1))?.id === image) return turn("ArrowLeft");
    resume = resume ?? from;
    return openOne(image);
  }

  async function nextBatch() {
    const wasOpen = Boolean(openImage());
    if (wasOpen) {
      desk.stale = false;
      await run(builtin("close_sample"));
      await until(() => !openImage(), NEXT_IMAGE_MS);
      see(null);
    }
    const answer = await ask("next");
    if (answer.state) desk.set({ state: answer.state });
    if (!answer.first) {
      flash(answer.message, answer.level);
      return;
    }
    flash(`The next ${answer.n}, in the newest order.`);
    if (wasOpen) await openFirst();
  }

  /** Opens the first image by a click, so that the arrow keys begin there. */
  async function openFirst() {
    const first = () =>
      [...document.querySelectorAll("[data-cy=fo-grid] [data-cy=looker]")]
        .map((node) => ({ node, box: node.getBoundingClientRect() }))
        .sort((one, other) => one.box.top - other.box.top || one.box.left - other.box.left)[0]?.node;
    await until(() => !document.querySelector("[data-cy=looker]"), 700);
    await until(first, NEXT_IMAGE_MS);
    first()?.click();
    if (await until(openImage, NEXT_IMAGE_MS)) see(openImage());
  }

  // -- the keyboard ----------------------------------------------------------------------
  function isTyping(event) {
    const node = event.composedPath()[0];
    return (
      node instanceof Element &&
      (node.isContentEditable || Boolean(node.closest("input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, [contenteditable=true], [role=textbox], [role=combobox], [role=dialog]:not(#modal)")))
    );
  }

  function actionOf(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return null;
    const key = event.key.toLowerCase();
    const begins = key === "n" || (key === "enter" && event.target === document.body);
    if (begins && desk.begin && !openImage()) return desk.begin; // the button of start.js
    if (key === "n") return () => nextBatch();
    if (VERDICT_KEYS[key]) return () => press(VERDICT_KEYS[key]);
    const label = desk.state?.classes[Number(key) - 1];
    return label ? () => press("relabel", { label }) : null;
  }

  // window and capture: before every listener of the App, which bind some of these keys too
  function onKey(event) {
    if (!event.isTrusted || !desk.state || isTyping(event)) return;
    const action = actionOf(event);
    if (!action) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.type === "keydown" && !event.repeat) action();
  }
  for (const type of ["keydown", "keypress", "keyup"]) {
    window.addEventListener(type, onKey, true);
  }

  // -- the panel ---------------------------------------------------------------------------
  const source = new URL("panel.js", document.currentScript.src).href;
  const api = { desk, press, nextBatch, flash, refresh, see, run, builtin, PANEL };
  const loading = import(source); // now: when the App asks for it the server has much to answer
  const Panel = React.lazy(() =>
    loading.then((module) => ({ default: module.makePanel(api) })),
  );
  fop.registerComponent({
    name: PANEL,
    label: "Review",
    component: (props) =>
      React.createElement(React.Suspense, { fallback: null }, React.createElement(Panel, props)),
    type: fop.PluginComponentType.Panel,
    activator: () => true,
    panelOptions: { surfaces: "grid modal", allowDuplicates: false },
  });
  window.fercurate = { desk };
})();
