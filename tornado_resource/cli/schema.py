"""`tornado-resource schema`: the JSON Schema, for editors and other tools."""

from __future__ import annotations

from pathlib import Path

import click

from tornado_resource.cli.completion import files
from tornado_resource.core.files import replace_files
from tornado_resource.core.text import clean
from tornado_resource.declarations.schema import schema_text
from tornado_resource.errors import ConfigurationError


@click.command("schema")
@click.option("--output", "-o", metavar="FILE", shell_complete=files, help="Write it to this file instead of stdout.")
def command(output: str | None) -> None:
    """Print the JSON Schema of the declarations file, or write it to a file.

    For an editor to use it, make this the first line of sessions.yaml:

    # yaml-language-server: $schema=FILE
    """
    if output is None:
        click.echo(schema_text(), nl=False)
        return
    try:
        Path(output).parent.mkdir(parents=True, exist_ok=True)
        replace_files({Path(output): schema_text()})
    except (OSError, ValueError) as error:
        cause = clean(getattr(error, "strerror", None) or str(error)).lower()
        message = f"{clean(output)}: {cause}; name a file that can be written to"
        raise ConfigurationError(message) from None
