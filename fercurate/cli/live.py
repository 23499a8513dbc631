"""The last stage of the road: a model before a camera."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fercurate import config, settings
from fercurate.cli.options import AsJson, app, option


@app.command()
def live(
    source: Annotated[str | None, option(config.LiveConfig, "source")] = None,
    view: Annotated[config.LiveView | None, option(config.LiveConfig, "view")] = None,
    model: Annotated[Path | None, option(config.LiveConfig, "model")] = None,
    device: Annotated[config.Device | None, option(config.LiveConfig, "device")] = None,
    as_: Annotated[str | None, option(config.LiveConfig, "as_", "--as")] = None,
    balance: Annotated[float | None, option(config.LiveConfig, "balance")] = None,
    threshold: Annotated[float | None, option(config.LiveConfig, "threshold")] = None,
    smoothing: Annotated[float | None, option(config.LiveConfig, "smoothing")] = None,
    groups: Annotated[bool, option(config.LiveConfig, "groups", "--groups")] = False,
    mirror: Annotated[
        bool | None, option(config.LiveConfig, "mirror", "--mirror/--no-mirror")
    ] = None,
    record: Annotated[Path | None, option(config.LiveConfig, "record")] = None,
    plain: Annotated[bool, option(config.LiveConfig, "plain", "--plain")] = False,
    jsonl: Annotated[Path | None, option(config.LiveConfig, "jsonl")] = None,
    csv: Annotated[Path | None, option(config.LiveConfig, "csv")] = None,
    summary: Annotated[Path | None, option(config.LiveConfig, "summary")] = None,
    snapshots: Annotated[Path | None, option(config.LiveConfig, "snapshots")] = None,
    seconds: Annotated[float | None, option(config.LiveConfig, "seconds")] = None,
    loop: Annotated[bool, option(config.LiveConfig, "loop", "--loop")] = False,
    size: Annotated[str | None, option(config.LiveConfig, "size")] = None,
    fps: Annotated[float | None, option(config.LiveConfig, "fps")] = None,
    port: Annotated[int | None, option(config.LiveConfig, "port")] = None,
    open_: Annotated[bool, option(config.LiveConfig, "open", "--open/--no-open")] = True,
    force: Annotated[bool, option(config.LiveConfig, "force", "--force")] = False,
    json: AsJson = False,
) -> None:
    """Name the expressions of faces before a camera, in a video or a stream, as they happen."""
    from fercurate import road, show, show_live

    options = {
        "source": source,
        "view": view,
        "model": model,
        "device": device,
        "as_": as_,
        "balance": balance,
        "threshold": threshold,
        "smoothing": smoothing,
        "groups": groups,
        "mirror": mirror,
        "record": record,
        "plain": plain,
        "jsonl": jsonl,
        "csv": csv,
        "summary": summary,
        "snapshots": snapshots,
        "seconds": seconds,
        "loop": loop,
        "size": size,
        "fps": fps,
        "port": port,
        "open": open_,
        "force": force,
    }
    chosen = settings.build(config.LiveConfig, options, "live")
    show_live.ended(road.run_live(chosen, show.progress()), as_json=json)
