"""How fast it is on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fercurate import config, settings
from fercurate.cli.options import App, AsJson, app, option

bench = App(rich_markup_mode=None, help="Measure how fast it is on this machine.")
app.add_typer(bench, name="bench")


@bench.callback()
def _bench() -> None:
    """Measure how fast it is on this machine."""


@bench.command()
def live(
    video: Annotated[Path | None, typer.Argument(show_default=False)] = None,
    faces: Annotated[int | None, option(config.BenchConfig, "faces")] = None,
    model: Annotated[Path | None, option(config.BenchConfig, "model")] = None,
    device: Annotated[config.Device | None, option(config.BenchConfig, "device")] = None,
    seconds: Annotated[float | None, option(config.BenchConfig, "seconds")] = None,
    rate: Annotated[float | None, option(config.BenchConfig, "rate")] = None,
    json: AsJson = False,
) -> None:
    """Time live's steps on a video, or on one of moving faces that is made for it."""
    from fercurate import road, show, show_bench

    options = {
        "video": video,
        "faces": faces,
        "model": model,
        "device": device,
        "seconds": seconds,
        "rate": rate,
    }
    chosen = settings.build(config.BenchConfig, options, "bench")
    show_bench.measured(road.bench_live(chosen, show.progress()), as_json=json)
