// The picture with boxes and labels; mirrored, the words are not.

import { fit, inkOn, percent } from "./look.js";

export class Picture {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.image = null;
    this.result = null;
    this.lit = null;
    /** Boxes on the canvas, for tests and for pointing at. */
    this.boxes = [];
    this.labels = [];
  }

  take(result, image) {
    if (image) {
      if (this.image && this.image.close) this.image.close();
      this.image = image;
    }
    this.result = result;
  }

  draw(words, controls) {
    fit(this.canvas);
    const { pen, canvas, image, result } = this;
    pen.clearRect(0, 0, canvas.width, canvas.height);
    this.boxes = [];
    this.labels = [];
    if (!image || !result) return;
    const scale = Math.min(canvas.width / image.width, canvas.height / image.height);
    const width = image.width * scale;
    const height = image.height * scale;
    const left = (canvas.width - width) / 2;
    const top = (canvas.height - height) / 2;
    pen.save();
    if (controls.mirror) {
      pen.translate(canvas.width, 0);
      pen.scale(-1, 1);
    }
    pen.drawImage(image, left, top, width, height);
    pen.restore();
    const fine = canvas.width / Math.max(1, canvas.clientWidth);
    pen.save();
    pen.beginPath();
    pen.rect(left, top, width, height);
    pen.clip();
    const placed = result.faces.map((face) => {
      const [x, y, w, h] = face.box;
      const at = controls.mirror ? 1 - x - w : x;
      return { face, x: left + at * width, y: top + y * height, w: w * width, h: h * height };
    });
    for (const one of placed) this.box(one, words, controls, fine);
    for (const one of placed) this.label(one, words, controls, fine, { left, top, width, height });
    pen.restore();
  }

  box({ face, x, y, w, h }, words, controls, fine) {
    const { name } = words.said(face, controls.grouped);
    const colour = words.colour(name);
    const thick = (this.lit === face.track ? 5 : 3) * fine;
    const pen = this.pen;
    const round = Math.min(10 * fine, w / 6);
    this.boxes.push({ track: face.track, name, x: x / fine, y: y / fine, w: w / fine, h: h / fine });
    for (const [width, paint] of [[thick + 2 * fine, "#0b0e12b0"], [thick, colour]]) {
      pen.lineWidth = width;
      pen.strokeStyle = paint;
      pen.lineCap = "round";
      pen.beginPath();
      if (name === words.unclear) corners(pen, x, y, w, h, round);
      else pen.roundRect(x, y, w, h, round);
      pen.stroke();
    }
  }

  label({ face, x, y, w, h }, words, controls, fine, area) {
    const { name, share } = words.said(face, controls.grouped);
    const pen = this.pen;
    const isUnclear = name === words.unclear;
    const size = Math.round(Math.max(11, Math.min(15, w / fine / 7)) * fine);
    const pad = Math.round(size * 0.45);
    pen.font = `600 ${size}px system-ui, "Segoe UI", Roboto, Arial, sans-serif`;
    const text = isUnclear ? `${face.track}  ${name}` : `${face.track}  ${name} ${percent(share)}`;
    const wide = pen.measureText(text).width + 2 * pad;
    const high = size + 1.4 * pad;
    const right = area.left + area.width - wide;
    const at = Math.max(area.left, Math.min(x - 1.5 * fine, right));
    const lowest = area.top + area.height - high;
    // above the box, else below it, else in it: where no other label is
    const places = [y - high - 3 * fine, y + h + 3 * fine, y + 3 * fine].filter((v) => v >= area.top && v <= lowest);
    const meets = (v) => this.labels.some((o) => at < o.at + o.wide && o.at < at + wide && v < o.up + o.high && o.up < v + high);
    const up = places.find((v) => !meets(v)) ?? places[0] ?? area.top;
    this.labels.push({ at, up, wide, high });
    const ground = isUnclear ? "#14181d" : words.colour(name);
    pen.fillStyle = ground;
    pen.beginPath();
    pen.roundRect(at, up, wide, high, 4 * fine);
    pen.fill();
    if (isUnclear) {
      pen.lineWidth = fine;
      pen.strokeStyle = "#d7dade";
      pen.stroke();
    }
    pen.fillStyle = inkOn(ground);
    pen.textBaseline = "middle";
    pen.fillText(text, at + pad, up + high / 2 + fine * 0.5);
  }
}

/** A box of which only the corners are there: no answer. */
function corners(pen, x, y, w, h, round) {
  const arm = Math.min(w, h) / 4;
  for (const [cx, cy, sx, sy] of [[x, y, 1, 1], [x + w, y, -1, 1], [x + w, y + h, -1, -1], [x, y + h, 1, -1]]) {
    pen.moveTo(cx, cy + sy * arm);
    pen.lineTo(cx, cy + sy * round);
    pen.quadraticCurveTo(cx, cy, cx + sx * round, cy);
    pen.lineTo(cx + sx * arm, cy);
  }
}
