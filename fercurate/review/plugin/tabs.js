// One tab at a time: FiftyOne ties all tabs on a dataset together, so that two reviews would
// turn each other's pages.
const KEPT = "fercurate-tab";

/** A tab's name outlives a reload, and is not copied into a duplicate of the tab. */
function nameOfThisTab() {
  const name = sessionStorage.getItem(KEPT) || crypto.randomUUID();
  sessionStorage.removeItem(KEPT);
  return name;
}

/**
 * Claims the review for this page, and covers the page while another has it.
 * `send(what)` calls the operator "tab" and gives its answer; `leave()` does so while the page
 * goes away; `begin()` lays the images out.
 */
export function makeTab({ send, leave, begin, changed }) {
  const tab = { name: nameOfThisTab(), isHere: true, arrived: null };
  const cover = document.createElement("div");
  cover.id = "fcr-cover";
  cover.setAttribute("role", "alertdialog");
  cover.innerHTML =
    '<div><h2>The review is open elsewhere</h2><p>Another tab or window has it. Verdicts are ' +
    'given in one place, so that no image is decided unseen.</p>' +
    '<button type="button" data-cy="fcr-here">Review here</button></div>';
  const button = cover.querySelector("button");

  function show(answer) {
    if (answer?.is_here === undefined || answer.is_here === tab.isHere) return;
    tab.isHere = answer.is_here;
    if (tab.isHere) cover.remove();
    else {
      document.body.append(cover);
      button.focus();
    }
    changed();
  }
  async function arrive() {
    const answer = await send("arrive");
    show(answer);
    if (answer?.is_here && answer.had) await begin(); // loaded again before it had left
  }
  async function look() {
    if (document.visibilityState === "visible" && tab.arrived) show(await send("ask"));
  }
  button.addEventListener("click", async () => {
    const answer = await send("take");
    if (!answer?.is_here) return;
    await begin();
    show(answer);
  });
  addEventListener("pagehide", () => {
    sessionStorage.setItem(KEPT, tab.name);
    leave();
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  addEventListener("focus", look);
  document.addEventListener("visibilitychange", look);
  setInterval(look, 2000);

  tab.arrive = () => (tab.arrived ??= arrive());
  tab.lost = () => show({ is_here: false });
  return tab;
}
