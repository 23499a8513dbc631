// Our own camera, given to the server frame by frame; never more than one on its way.

const WIDEST = 1280;
const QUALITY = 0.85;
const KEPT = 60; // two seconds of frames, to be shown with what was found in them

export class Camera {
  /** on(state): "on", "off", "asked", "denied", "missing", "busy", "ended", "hidden". */
  constructor(link, on) {
    Object.assign(this, { link, on });
    this.video = document.createElement("video");
    this.video.muted = true;
    this.video.playsInline = true;
    this.canvas = document.createElement("canvas");
    this.stream = null;
    this.asking = null;
    this.flying = null; // the frame that is being made, or is on its way
    this.sent = []; // those that the server has not answered yet, in turn
    this.kept = new Map();
    this.isPaused = false;
    this.round = 0;
    document.addEventListener("visibilitychange", () => this.tell());
  }

  get isOn() {
    return this.stream !== null;
  }

  async start() {
    if (this.isOn || this.asking) return;
    const asking = (this.asking = {});
    const failed = (why) => {
      if (this.asking !== asking) return; // nobody waits for it any more
      this.asking = null;
      this.on(why);
    };
    this.on("asked");
    if (!navigator.mediaDevices) return failed("missing");
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 }, facingMode: "user" },
      });
    } catch (error) {
      const why = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "missing", OverconstrainedError: "missing" };
      return failed(why[error.name] || "busy");
    }
    if (this.asking !== asking) {
      for (const track of stream.getTracks()) track.stop();
      return;
    }
    this.asking = null;
    this.stream = stream;
    stream.getVideoTracks()[0].onended = () => this.stop("ended");
    this.video.srcObject = stream;
    try {
      await this.video.play();
    } catch {
      if (this.stream === stream) this.stop("busy");
      return;
    }
    if (this.stream !== stream) return; // it was stopped meanwhile
    this.tell();
    this.next(++this.round);
  }

  stop(why = "off") {
    if (this.asking) {
      this.asking = null;
      this.on(why);
    }
    if (!this.isOn) return;
    this.round++;
    this.flying = null; // a frame that is being made would come after the word that it is over
    for (const track of this.stream.getTracks()) {
      track.onended = null;
      track.stop();
    }
    this.stream = null;
    this.video.srcObject = null;
    this.kept.clear();
    this.on(why);
  }

  /** The connection is a new one: what was sent over the old one is answered no more. */
  renew() {
    this.sent = [];
    this.tell();
  }

  /** Say anew how it stands: to a new connection, or when the page is hidden or seen. */
  tell() {
    if (!this.isOn) return;
    this.flying = null;
    this.on(document.hidden ? "hidden" : "on");
  }

  next(round) {
    if (round !== this.round) return;
    const again = () => {
      this.send();
      this.next(round);
    };
    if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(again);
    else setTimeout(again, 33);
  }

  send() {
    const { video } = this;
    if (this.flying || this.isPaused || document.hidden || !this.link.isGreeted || !video.videoWidth) return;
    const stamp = performance.timeOrigin + performance.now();
    const scale = Math.min(1, WIDEST / video.videoWidth);
    const [width, height] = [video.videoWidth, video.videoHeight].map((side) => Math.round(side * scale));
    const { canvas } = this;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    canvas.getContext("2d").drawImage(video, 0, 0, width, height);
    const flight = { blob: null };
    this.flying = flight;
    canvas.toBlob(
      async (blob) => {
        const data = blob && (await blob.arrayBuffer());
        if (this.flying !== flight) return; // it was stopped, or the connection is a new one
        if (!data || !this.link.isGreeted) this.flying = null;
        else {
          flight.blob = blob;
          this.sent.push(flight);
          this.link.give(stamp, data);
        }
      },
      "image/jpeg",
      QUALITY,
    );
  }

  /** The server's answer to the oldest frame: its number, or null where it is not wanted. */
  took(number) {
    const flight = this.sent.shift();
    if (!flight || flight !== this.flying) return; // of before a stop: it is kept no more
    if (number !== null) this.kept.set(number, flight.blob);
    if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
    this.flying = null;
  }

  /** The JPEG that a result is about; those before it are not needed any more. */
  picture(number) {
    for (const older of this.kept.keys()) {
      if (older >= number) break;
      this.kept.delete(older);
    }
    return this.kept.get(number) || null;
  }
}
