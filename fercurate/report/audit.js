(() => {
  const filter = document.getElementById("filter");
  if (!filter) return;
  const items = [...document.querySelectorAll("#worst [data-given]")];
  const shown = document.getElementById("shown");
  const apply = () => {
    const given = filter.elements.given.value;
    const suggested = filter.elements.suggested.value;
    let n = 0;
    for (const item of items) {
      const fits = (!given || item.dataset.given === given)
        && (!suggested || item.dataset.suggested === suggested);
      item.hidden = !fits;
      n += fits;
    }
    shown.textContent = `${n} of ${items.length} shown`;
  };
  filter.addEventListener("change", apply);
  filter.hidden = false;
  apply();
})();
