// A card with bars for each face; rows are made once and changed in place.

import { percent } from "./look.js";

export class Cards {
  constructor(list, nobody, count, light) {
    Object.assign(this, { list, nobody, count, light });
    this.cards = new Map();
    this.names = "";
  }

  draw(faces, words, grouped) {
    const names = words.names(grouped);
    if (names.join() !== this.names) {
      this.cards.forEach((card) => card.root.remove());
      this.cards.clear();
      this.names = names.join();
    }
    const here = new Set(faces.map((face) => face.track));
    for (const [track, card] of this.cards) {
      if (!here.has(track)) {
        card.root.remove();
        this.cards.delete(track);
      }
    }
    for (const face of faces) {
      let card = this.cards.get(face.track);
      if (!card) {
        card = this.made(face.track, names, words);
        this.cards.set(face.track, card);
        this.list.append(card.root);
      }
      this.fill(card, face, words, grouped);
    }
    this.nobody.hidden = faces.length > 0;
    this.list.classList.toggle("many", faces.length > 3);
    const text = faces.length ? String(faces.length) : "";
    if (this.count.textContent !== text) this.count.textContent = text;
  }

  made(track, names, words) {
    const root = node("li", "card");
    const head = node("header");
    const who = node("span", "who", `Face ${track}`);
    const said = node("span", "said");
    const sure = node("span", "sure");
    head.append(who, said, sure);
    const bars = node("ul", "bars");
    const rows = names.map((name) => {
      const row = node("li");
      const bar = node("span", "bar");
      const fill = node("i");
      fill.style.background = words.colour(name);
      bar.append(fill);
      const n = node("span", "n");
      row.append(node("span", "", name), bar, n);
      bars.append(row);
      return { row, fill, n };
    });
    root.append(head, bars);
    root.onpointerenter = () => this.light(track);
    root.onpointerleave = () => this.light(null);
    return { root, said, sure, rows };
  }

  fill(card, face, words, grouped) {
    const shares = words.shares(face.shares, grouped);
    const { name, share, best } = words.said(face, grouped);
    set(card.said, name);
    set(card.sure, best < 0 ? "" : percent(share));
    card.root.style.setProperty("--tone", words.colour(name));
    card.rows.forEach(({ row, fill, n }, i) => {
      fill.style.transform = `scaleX(${shares[i].toFixed(3)})`;
      set(n, percent(shares[i]));
      row.classList.toggle("best", i === best);
    });
  }
}

function node(kind, name = "", text = "") {
  const made = document.createElement(kind);
  if (name) made.className = name;
  if (text) made.textContent = text;
  return made;
}

function set(at, text) {
  if (at.textContent !== text) at.textContent = text;
}
