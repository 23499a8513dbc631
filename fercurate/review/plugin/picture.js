// The large picture: 48 pixels enlarged smoothly, the next one ready before it is asked for.
// FiftyOne draws it as blocks on a canvas of its own; this one lies over it.
const SIDE = 960;
const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
const box = document.createElement("div");
box.id = "fcr-picture";
box.setAttribute("data-cy", "fcr-picture");
box.append(canvas);

const loaded = new Map(); // image id -> promise of a decoded <img>
const shown = { id: null, picture: null, raw: false };

/** Fetches and decodes an image ahead of its turn. */
export function load(id, src) {
  if (!loaded.has(id)) {
    const picture = new Image();
    picture.src = src;
    loaded.set(id, picture.decode().then(() => picture, () => loaded.delete(id) && null));
  }
  return loaded.get(id);
}

/** Shows an image over FiftyOne's own; what stood there before stays until it is ready. */
export async function show(id) {
  shown.id = id;
  const picture = await loaded.get(id);
  if (shown.id !== id || !picture) return;
  shown.picture = picture;
  paint();
  attach();
}

export function hide() {
  Object.assign(shown, { id: null, picture: null });
  box.remove();
}

/** Smooth or as the pixels are; gives what it is now. */
export function toggleRaw() {
  shown.raw = !shown.raw;
  paint();
  return shown.raw;
}

function paint() {
  if (!shown.picture) return;
  const { naturalWidth: width, naturalHeight: height } = shown.picture;
  const scale = SIDE / Math.max(width, height);
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = !shown.raw;
  context.imageSmoothingQuality = "high";
  context.drawImage(shown.picture, 0, 0, canvas.width, canvas.height);
  box.dataset.image = shown.id;
  box.dataset.raw = shown.raw;
}

function attach() {
  const place = shown.picture && document.querySelector("#modal [data-cy=sample-canvas]");
  if (!place || box.parentElement === place) return;
  if (getComputedStyle(place).position === "static") place.style.position = "relative";
  place.append(box);
}
// FiftyOne builds its part of the page anew now and then
new MutationObserver(attach).observe(document.body, { childList: true, subtree: true });
