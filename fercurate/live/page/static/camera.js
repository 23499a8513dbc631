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
    this.flying = null;
    this.kept = new Map();
    this.isPaused = false;
    this.round = 0;
    document.addEventListener("visibilitychange", () => this.tell());
  }

  get isOn() {
    return this.stream !== null;
  }

  async start() {
    if (this.isOn) return;
    this.on("asked");
    if (!navigator.mediaDevices) return this.on("missing");
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 }, facingMode: "user" },
      });
    } catch (error) {
      const why = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "missing", OverconstrainedError: "missing" };
      return this.on(why[error.name] || "busy");
    }
    this.stream = stream;
    stream.getVideoTracks()[0].onended = () => this.stop("ended");
    this.video.srcObject = stream;
    try {
      await this.video.play();
    } catch {
      return this.stop("busy");
    }
    this.flying = null;
    this.tell();
    this.next(++this.round);
  }

  stop(why = "off") {
    if (!this.isOn) return;
    this.round++;
    for (const track of this.stream.getTracks()) {
      track.onended = null;
      track.stop();
    }
    this.stream = null;
    this.video.srcObject = null;
    this.kept.clear();
    this.on(why);
  }

  /** Say anew how it stands: after a connection was lost, or when the page is hidden or seen. */
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
    if (this.flying || this.isPaused || document.hidden || !this.link.isOpen || !video.videoWidth) return;
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
        if (!data || !this.link.isOpen) this.flying = null;
        else {
          flight.blob = blob;
          this.link.give(stamp, data);
        }
      },
      "image/jpeg",
      QUALITY,
    );
  }

  /** The server has the frame, and calls it by this number. */
  took(number) {
    if (!this.flying) return;
    this.kept.set(number, this.flying.blob);
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
