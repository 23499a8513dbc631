// Names, groups and colours, as the server told them.

export class Words {
  constructor(hello) {
    this.classes = hello.classes;
    this.groups = hello.groups;
    this.unclear = hello.unclear;
    this.colours = hello.colours;
    this.members = Object.values(hello.groups).map((of) => of.map((name) => hello.classes.indexOf(name)));
  }

  names(grouped) {
    return grouped ? Object.keys(this.groups) : this.classes;
  }

  shares(shares, grouped) {
    if (!grouped) return shares;
    return this.members.map((of) => of.reduce((sum, i) => sum + shares[i], 0));
  }

  /** {name, share}: the likeliest, or unclear where the model is not sure. */
  said(face, grouped) {
    const shares = this.shares(face.shares, grouped);
    const best = shares.indexOf(Math.max(...shares));
    const share = shares[best];
    return face.label === null ? { name: this.unclear, share, best: -1 } : { name: this.names(grouped)[best], share, best };
  }

  colour(name) {
    return this.colours[name] || "#5aa9a4";
  }
}

/** Black or white, whichever is easier to read on a colour. */
export function inkOn(colour) {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const v = parseInt(colour.slice(i, i + 2), 16) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.19 ? "#0c0f12" : "#ffffff";
}

export const percent = (share) => `${Math.round(100 * share)}%`;

/** A canvas as fine as the screen; true where its size changed. */
export function fit(canvas) {
  const fine = Math.min(window.devicePixelRatio || 1, 2);
  const width = Math.max(1, Math.round(canvas.clientWidth * fine));
  const height = Math.max(1, Math.round(canvas.clientHeight * fine));
  if (canvas.width === width && canvas.height === height) return false;
  canvas.width = width;
  canvas.height = height;
  return true;
}
