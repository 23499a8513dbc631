// The WebSocket: the key that opens it, coming back after a loss, one message in flight.

const STORE = "fercurate-key";

/** The key behind the "#" of the link, kept for this tab alone; the address loses it. */
export function takeKey() {
  const given = location.hash.slice(1);
  if (given) {
    sessionStorage.setItem(STORE, given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(STORE);
}

export const ENDED = 4000;
const FULL = 4008;

export class Link {
  /** on: {hello, news, notices, own, took, taken, state}; own(number) gives the JPEG that we sent. */
  constructor(on) {
    this.on = on;
    this.wait = 500;
    this.socket = null;
    this.isHeard = false;
  }

  /** Whether the server has begun to speak, and so knows how our camera stands. */
  get isGreeted() {
    return this.isOpen && this.isHeard;
  }

  get isOpen() {
    return this.socket !== null && this.socket.readyState === WebSocket.OPEN;
  }

  open() {
    const key = takeKey();
    if (!key || !/^[\w-]+$/.test(key)) {
      this.on.state("closed");
      return;
    }
    let wasOpen = false;
    const socket = new WebSocket(`ws://${location.host}/live`, ["fercurate", key]);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      wasOpen = true;
      this.wait = 500;
    };
    this.isHeard = false;
    socket.onmessage = (event) => this.hear(socket, event.data);
    socket.onclose = async (event) => {
      if (this.socket !== socket) return;
      this.socket = null;
      if (event.code === ENDED) return this.on.state("ended", event.reason);
      if (event.code === FULL) return this.on.state("full");
      this.on.state("lost");
      if (!wasOpen && (await this.answers())) return this.on.state("closed");
      setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(5000, this.wait * 1.6);
    };
    this.socket = socket;
  }

  /** Whether the server is there, so that it is the key that does not fit. */
  async answers() {
    try {
      return (await fetch("/", { method: "HEAD", cache: "no-store" })).ok;
    } catch {
      return false;
    }
  }

  async hear(socket, data) {
    if (typeof data === "string") {
      const said = JSON.parse(data);
      if (said.hello) {
        sessionStorage.setItem(STORE, said.hello.key); // a ticket opens once
        this.on.hello(said);
        this.isHeard = true;
      } else if ("took" in said) this.on.took(said.took);
      else if (said.camera_taken) this.on.taken();
      return;
    }
    const length = new DataView(data).getUint32(0);
    const said = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
    const bytes = data.byteLength - 4 - length;
    let jpeg = null;
    if (bytes > 0) jpeg = new Blob([new Uint8Array(data, 4 + length)], { type: "image/jpeg" });
    else if (said.result) jpeg = this.on.own(said.result.frame); // our camera's frames do not come back
    let picture = null;
    try {
      picture = jpeg && (await createImageBitmap(jpeg));
    } catch {
      picture = null;
    }
    // drawn with the screen's next picture; a hidden page draws none and gets none
    requestAnimationFrame(() => {
      // a newer connection knows better how it stands, but has not the notices
      if (this.socket !== null && this.socket !== socket) return this.on.notices(said.notices);
      this.on.news(said, picture);
      if (this.socket === socket && this.isOpen) this.say({ drawn: said.n });
    });
  }

  say(said) {
    if (this.isOpen) this.socket.send(JSON.stringify(said));
  }

  /** A frame of our camera; the clock goes before it. */
  give(stamp, jpeg) {
    const data = new Uint8Array(8 + jpeg.byteLength);
    new DataView(data.buffer).setFloat64(0, stamp);
    data.set(new Uint8Array(jpeg), 8);
    this.socket.send(data);
  }
}
