// The last minute: a lane for each face, its shares stacked over time; faint where it was unclear.

import { fit } from "./look.js";

const SECONDS = 60;
const STEP = 0.2;
const LANES = 4;
const HEIGHTS = [0, 66, 42, 34, 29]; // of a lane, by how many there are, pixels
const GAP = 1.0; // a face that was away longer than this leaves a hole

export class Timeline {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.clear();
  }

  clear() {
    this.tracks = new Map();
    this.now = null;
    this.kept = -Infinity;
  }

  fillWith(history) {
    this.clear();
    for (const entry of history) this.take(entry.time, entry.faces);
  }

  take(time, faces) {
    if (this.now !== null && time < this.now) this.clear(); // a video begins anew
    this.now = time;
    if (time < this.kept + STEP) return;
    this.kept = time;
    for (const face of faces) {
      if (!this.tracks.has(face.track)) this.tracks.set(face.track, []);
      this.tracks.get(face.track).push({ time, shares: face.shares, sure: face.label !== null });
    }
    for (const [track, points] of this.tracks) {
      while (points.length && points[0].time < time - SECONDS) points.shift();
      if (!points.length) this.tracks.delete(track);
    }
  }

  draw(words, grouped, style) {
    // those that were seen last come first into the lanes, which are in the order of their numbers
    const all = [...this.tracks].sort((a, b) => b[1].at(-1).time - a[1].at(-1).time || b[1].length - a[1].length);
    const shown = all.slice(0, LANES).sort((a, b) => a[0] - b[0]);
    const lanes = Math.max(1, shown.length);
    const wanted = `${22 + lanes * HEIGHTS[lanes]}px`;
    if (this.canvas.style.height !== wanted) this.canvas.style.height = wanted;
    fit(this.canvas);
    const { pen, canvas } = this;
    const fine = canvas.width / Math.max(1, canvas.clientWidth);
    const axis = 20 * fine;
    const left = 52 * fine;
    const width = canvas.width - left - 2 * fine;
    const high = (canvas.height - axis) / lanes;
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.font = `${12 * fine}px system-ui, "Segoe UI", Roboto, Arial, sans-serif`;
    const x = (time) => left + width * (1 - (this.now - time) / SECONDS);
    for (let i = 0; i < lanes; i++) {
      pen.fillStyle = style.track;
      pen.fillRect(left, i * high, width, high - 5 * fine);
    }
    shown.forEach(([track, points], i) => {
      this.lane(points, words, grouped, style, x, i * high, high - 5 * fine);
      pen.fillStyle = style.soft;
      pen.textAlign = "left";
      pen.textBaseline = "middle";
      pen.fillText(`Face ${track}`, 0, i * high + (high - 5 * fine) / 2);
    });
    this.axis(style, left, width, canvas.height - axis, fine, all.length - shown.length);
  }

  lane(points, words, grouped, style, x, top, high) {
    const pen = this.pen;
    const names = words.names(grouped);
    for (const part of parts(points)) {
      const stacked = part.map((point) => {
        let sum = 0;
        return words.shares(point.shares, grouped).map((share) => (sum += share));
      });
      const last = part.at(-1);
      // a part that is still going on reaches the edge
      const end = this.now - last.time < GAP ? this.now : last.time;
      for (let k = names.length - 1; k >= 0; k--) {
        pen.fillStyle = words.colour(names[k]);
        pen.beginPath();
        pen.moveTo(x(part[0].time), top + high);
        part.forEach((point, i) => pen.lineTo(x(point.time), top + high * (1 - stacked[i][k] / stacked[i].at(-1))));
        pen.lineTo(x(end), top + high * (1 - stacked.at(-1)[k] / stacked.at(-1).at(-1)));
        pen.lineTo(x(end), top + high);
        pen.fill();
      }
      pen.fillStyle = style.hatch;
      part.forEach((point, i) => {
        if (point.sure || (i && !part[i - 1].sure)) return;
        let next = i + 1; // the stretch ends with the first point that is sure
        while (next < part.length && !part[next].sure) next++;
        const until = next < part.length ? part[next].time : end;
        pen.fillRect(x(point.time), top, x(until) - x(point.time), high);
      });
    }
  }

  axis(style, left, width, top, fine, more) {
    const pen = this.pen;
    pen.textBaseline = "bottom";
    for (let ago = SECONDS; ago >= 0; ago -= 15) {
      const at = left + width * (1 - ago / SECONDS);
      pen.fillStyle = style.soft;
      pen.textAlign = ago === SECONDS ? "left" : ago ? "center" : "right";
      pen.fillText(ago ? `−${ago} s` : "now", at, top + 19 * fine);
      if (ago && ago < SECONDS) {
        pen.fillStyle = style.grid;
        pen.fillRect(at, 0, fine, top - 5 * fine);
      }
    }
    if (more > 0) {
      pen.fillStyle = style.soft;
      pen.textAlign = "left";
      pen.fillText(`+${more}`, 0, top + 19 * fine);
    }
  }
}

/** Points without holes in time between them. */
function parts(points) {
  const found = [];
  for (const point of points) {
    const part = found.at(-1);
    if (part && point.time - part.at(-1).time < GAP) part.push(point);
    else found.push([point]);
  }
  return found;
}
