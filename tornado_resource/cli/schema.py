"""`tornado-resource schema`: the JSON Schema, for editors and other tools."""

from __future__ import annotations

from pathlib import Path

import click

from tornado_resource.cli.options import Command, files
from tornado_resource.cli.output import writing
from tornado_resource.core.files import replace_files
from tornado_resource.declarations.schema import schema_text


@click.command("schema", cls=Command)
@click.option("--output", "-o", metavar="FILE", shell_complete=files, help="Write it to this file instead of stdout.")
def command(output: str | None) -> None:
    """Print the JSON Schema of the declarations file, or write it to a file.

    For an editor to use it, make this the first line of sessions.yaml:

    # yaml-language-server: $schema=FILE
    """
    if output is None:
        click.echo(schema_text(), nl=False)
        return
    with writing(output):
        Path(output).parent.mkdir(parents=True, exist_ok=True)
        replace_files({Path(output): schema_text()})
