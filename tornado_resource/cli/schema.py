"""`tornado-resource schema`: print the JSON Schema, for editors and other tools."""

from __future__ import annotations

import click

from tornado_resource.declarations.schema import schema_text


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of the declarations file."""
    click.echo(schema_text(), nl=False)
