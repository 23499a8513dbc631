"""A network camera: motion JPEG over http on 127.0.0.1, that can stall, end and come back."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np

from fercurate.live.decode import Image


class NetworkCamera:
    """Serves at `address`; `sends` says whether frames come, `hang_up` ends all connections.

    Args:
        rate: Frames a second.
        video: Served as a file at /video.avi, with its length.
    """

    def __init__(self, rate: float = 50.0, video: Path | None = None) -> None:
        self.sends = threading.Event()
        self.sends.set()
        self.refuses = False
        self.generation = 0
        self.connections = 0
        self.sent = 0
        self.level = 60
        self._ending = False
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                if camera.refuses:
                    self.send_error(503)
                elif self.path.startswith("/video.avi") and video is not None:
                    data = video.read_bytes()
                    self.send_response(200)
                    self.send_header("Content-Type", "video/x-msvideo")
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                else:
                    with contextlib.suppress(OSError):
                        self._stream()

            def _stream(self) -> None:
                camera.connections += 1
                generation = camera.generation
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                while generation == camera.generation and not camera._ending:
                    if camera.sends.is_set():
                        data = cv2.imencode(".jpg", camera.picture())[1].tobytes()
                        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}"
                        self.wfile.write(head.encode() + b"\r\n\r\n" + data + b"\r\n")
                        camera.sent += 1
                    time.sleep(1 / rate)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def picture(self) -> Image:
        """What it sees: grey of `level`."""
        return np.full((48, 64, 3), self.level, np.uint8)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/camera.mjpg"

    def hang_up(self) -> None:
        """End all connections."""
        self.generation += 1

    def close(self) -> None:
        self._ending = True
        self.hang_up()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextlib.contextmanager
def network_camera(rate: float = 50.0, video: Path | None = None) -> Iterator[NetworkCamera]:
    camera = NetworkCamera(rate, video)
    try:
        yield camera
    finally:
        camera.close()
