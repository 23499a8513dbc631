// The way from image to image: as they were laid out, whatever the grid has drawn so far.
const fos = window.__fos__;

export const openImage = () =>
  document.querySelector("#modal.modalon, [data-cy=modal]")
    ? new URL(window.location.href).searchParams.get("id")
    : null;

/** Ids that a view of the App selects, in their order; null where it selects none by id. */
export function selected(view) {
  const stage = (view || []).find(({ _cls }) => _cls === "fiftyone.core.stages.Select");
  const ids = stage?.kwargs?.find(([name]) => name === "sample_ids")?.[1];
  return ids?.length ? ids : null;
}

/** Ties the App's arrow keys to `images`; from an image that is not among them to the first. */
export function walkOver(images) {
  const at = (index) => {
    const place = Math.min(Math.max(index, 0), images.length - 1);
    return {
      id: images[place],
      hasNext: place < images.length - 1,
      hasPrevious: place > 0,
    };
  };
  const here = () => images.indexOf(openImage());
  fos.modalNavigation.set({
    next: async (step = 1) => at(here() + step),
    previous: async (step = 1) => at(here() - step),
    peek: async (step) => {
      const id = images[here() + step];
      return id ? { id, sample: null } : null;
    },
  });
}
