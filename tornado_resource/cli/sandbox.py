"""`tornado-resource sandbox`: a stand-in for the Bland API, to try pipelines with."""

from __future__ import annotations

from pathlib import Path

import click

from tornado_resource.core.text import clean
from tornado_resource.errors import ConfigurationError


@click.command("sandbox")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="The port; 0 takes a free one.", show_default=True
)
@click.option("--db", type=click.Path(dir_okay=False), help="Keep sessions in this SQLite file.")
@click.option(
    "--speed", type=click.FloatRange(0.001, 1_000_000), default=1.0, help="How fast time passes for sessions."
)
@click.option("--scenario-file", type=click.Path(dir_okay=False, path_type=Path), help="What the sessions do (YAML).")
def command(port: int, db: str | None, speed: float, scenario_file: Path | None) -> None:
    """Serve a stand-in for the Bland API on 127.0.0.1, until Ctrl-C.

    Any API key will do. The page at / shows the sessions; docs/sandbox.md tells the rest.
    """
    try:
        from tornado_resource.sandbox.scripts import DEFAULT_FILE
        from tornado_resource.sandbox.serving import Sandbox
    except ModuleNotFoundError as error:
        message = f"the sandbox needs {error.name}: pip install 'tornado-resource[sandbox]'"
        raise ConfigurationError(message) from None
    try:
        server = Sandbox(port=port, db=db or ":memory:", speed=speed, script=scenario_file or DEFAULT_FILE)
    except OSError as error:
        message = (
            f"cannot serve: {clean(str(error.strerror or error)).lower()}; is port {port} taken, does the file exist?"
        )
        raise ConfigurationError(message) from None
    except ValueError as error:
        raise ConfigurationError(clean(str(error))) from None
    server.run(on_ready=lambda url: click.echo(f"sandbox: {url} (speed {speed:g}), Ctrl-C ends it"))
