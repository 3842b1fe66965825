"""`tornado-resource sandbox`: serve a stand-in for the Bland API, to test pipelines with."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from tornado_resource.cli.options import Command
from tornado_resource.cli.origin import requirement
from tornado_resource.core.text import clean, clean_lines
from tornado_resource.errors import ConfigurationError
from tornado_resource.sandbox import MAX_SPEED, MIN_SPEED

MAX_FAULT_CHARACTERS: Final = 5_000
"""Of a message about a scenario file."""


@click.command("sandbox", cls=Command)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; 0 for a free one.", show_default=True)
@click.option("--db", type=click.Path(dir_okay=False), help="Store sessions in this SQLite file (default: in memory).")
@click.option(
    "--speed",
    type=click.FloatRange(MIN_SPEED, MAX_SPEED),
    default=1.0,
    help="Run sessions this many times faster than real time.",
    show_default=True,
)
@click.option(
    "--latency",
    type=click.IntRange(0, 60_000),
    default=0,
    help="Delay each response by this many milliseconds, to simulate a distant API.",
    show_default=True,
)
@click.option(
    "--scenario-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A YAML file that says how sessions go (docs/sandbox.md).",
)
def command(port: int, db: str | None, speed: float, latency: int, scenario_file: Path | None) -> None:
    """Serve a stand-in for the Bland API on 127.0.0.1 until Ctrl-C.

    Any API key works. The page at / shows sessions and requests; docs/sandbox.md has the details.
    """
    try:
        from tornado_resource.sandbox.scenario_file import DEFAULT_FILE
        from tornado_resource.sandbox.serving import Sandbox
    except ModuleNotFoundError as error:
        message = f"the sandbox needs {error.name}: pip install '{requirement() or 'tornado-resource[sandbox]'}'"
        raise ConfigurationError(message) from None
    try:
        script = scenario_file or DEFAULT_FILE
        server = Sandbox(port=port, db=db or ":memory:", speed=speed, latency_ms=latency, script=script)
    except OSError as error:
        cause = clean(str(error.strerror or error)).lower()
        message = f"cannot serve: {cause}; check that port {port} is free"
        raise ConfigurationError(message) from None
    except ValueError as error:
        raise ConfigurationError(clean_lines(str(error), MAX_FAULT_CHARACTERS)) from None
    server.run(on_ready=lambda url: click.echo(f"sandbox: {url} (speed {speed:g}), Ctrl-C stops it"))
