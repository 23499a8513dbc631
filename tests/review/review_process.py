"""A real `fercurate review` in a process of its own, for the tests that need one."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image
from recorded import write_json, write_table
from review_tables import audit_table, manifest_table
from waiting import HANG

from fercurate.workspace import Workspace

Make = Callable[..., Workspace]


def audited(make: Make) -> Workspace:
    """A workspace that can be reviewed."""
    workspace = make(audit=audit_table())
    write_json(workspace.audit_summary_path, {})
    return workspace


class Review:
    """A running `fercurate review`."""

    def __init__(self, workspace: Workspace, home: Path, *arguments: str) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("FIFTYONE_")}
        environment |= {"HOME": str(home), "COLUMNS": "200"}
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
            environment.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fercurate", "review", "-d", str(workspace.root), *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
            start_new_session=True,
        )  # fmt: skip
        self.said = ""
        for line in self.process.stdout or ():
            self.said += line
            if "Stop with Ctrl-C" in line:
                break
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", self.said)
        self.port, self.token = (int(found[1]), found[2]) if found else (0, "")

    def get(self, path: str, *, key: bool = True) -> int:
        headers = {"Cookie": f"fercurate-{self.port}={self.token}"} if key else {}
        return self._ask("GET", path, headers, None)[0]

    def images(self) -> list[str]:
        """The database's names of the images."""
        values = {
            "_cls": "fiftyone.core.aggregations.Values", "kwargs": [["field_or_expr", "id"]]
        }  # fmt: skip
        body = {"dataset": "faces", "view": [], "aggregations": [values]}
        return [str(name) for name in self.post("/aggregate", body)["aggregate"][0]]

    def marks(self) -> dict[str, str | None]:
        """The mirrored `decision` of each image, by `sample_id`."""
        fields = [["field_or_expr", name] for name in ("sample_id", "decision")]
        kind = "fiftyone.core.aggregations.Values"
        asked = [{"_cls": kind, "kwargs": [field]} for field in fields]
        body = {"dataset": "faces", "view": [], "aggregations": asked}
        names, decisions = self.post("/aggregate", body)["aggregate"]
        return dict(zip(names, decisions, strict=True))

    def press(self, operator: str, images: list[str]) -> dict[str, Any]:
        """What the plugin's script does for a key; the operator's answer."""
        body = {
            "operator_uri": f"@fercurate/review/{operator}",
            "dataset_name": "faces",
            "selected": images,
            "params": {},
        }
        answer = self.post("/operators/execute", body)
        assert answer.get("error") is None, answer
        result: dict[str, Any] = answer["result"]
        return result

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {
            "Cookie": f"fercurate-{self.port}={self.token}",
            "Content-Type": "application/json",
        }
        status, text = self._ask("POST", path, headers, json.dumps(body))
        assert status == 200, text
        answer: dict[str, Any] = json.loads(text)
        return answer

    def _ask(
        self, method: str, path: str, headers: dict[str, str], body: str | None
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=HANG)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()

    def database(self) -> psutil.Process | None:
        """The mongod that this process started."""
        below = psutil.Process(self.process.pid).children(recursive=True)
        return next((p for p in below if p.name().startswith("mongod")), None)

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Exit status, and everything that was said."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.end()

    def end(self) -> tuple[int, str]:
        rest, _ = self.process.communicate(timeout=HANG)
        self.said += rest
        return self.process.returncode, self.said


def made(root: Path, n: int = 60, n_audited: int = 50) -> Workspace:
    """A workspace of `n` grey faces that can be reviewed, at `root`."""
    workspace = Workspace(root)
    table = manifest_table(n)
    table["split"] = "train"
    write_table(workspace.manifest_path, table)
    write_table(workspace.audit_path, audit_table(n, n_audited))
    write_json(workspace.audit_summary_path, {"fingerprint": "first"})
    workspace.images_dir.mkdir()
    rng = np.random.default_rng(0)
    for sample_id in table["sample_id"]:
        face = rng.integers(0, 256, (6, 6), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
        Image.fromarray(face).save(workspace.image_path(sample_id))
    return workspace
