"""`tornado-resource init`: a new project from the files of the template, which `pulumi new` takes too."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
from pathlib import Path
from typing import Final

import click

from tornado_resource.cli.options import Command, folders, ids
from tornado_resource.cli.origin import github_repository, requirement
from tornado_resource.cli.output import writing
from tornado_resource.core.files import create_files
from tornado_resource.core.text import clean
from tornado_resource.errors import ConfigurationError

TEMPLATE: Final = Path(__file__).parents[1] / "template"
INNER_FOLDERS: Final = (".github", ".github/workflows")
DESCRIPTION: Final = "Our voice agents, tested before they go live"
_SECTION: Final = re.compile(r"^template:\n(?:[ ].*\n)+", re.MULTILINE)
"""What only `pulumi new` reads."""
WORKFLOW: Final = ".github/workflows/tornado.yml"
_ACTION: Final = re.compile(r"(uses: )[\w-]+/tornado-resource@\S+")
_SCHEMA_OF: Final = re.compile(r"(\$schema=https://raw\.githubusercontent\.com/)[^/\s]+/[^/\s]+/")
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]+")


@click.command("init", cls=Command)
@click.argument("folder", default=".", shell_complete=folders)
@click.option(
    "--pathway", metavar="ID", callback=ids, help="Declare the scenarios of this pathway (needs BLAND_API_KEY)."
)
@click.option(
    "--agent",
    "agents",
    multiple=True,
    metavar="ID",
    callback=ids,
    help="Declare check runs of this agent (repeatable).",
)
def command(folder: str, pathway: str | None, agents: tuple[str, ...]) -> None:
    """Write a new project into FOLDER (default: the current folder).

    The project consists of Pulumi.yaml, __main__.py, sessions.yaml, requirements.txt, .gitignore and a workflow for
    GitHub Actions. Existing files are never overwritten: if one of these exists, nothing is written.
    """
    if pathway is not None and agents:
        message = "name a pathway or agents: --pathway and --agent exclude each other"
        raise click.UsageError(message)
    target = Path(folder)
    with writing(folder, "folder"):
        contents = _contents(_name(target))
        _refuse_existing(target, list(contents))
    if pathway is not None or agents:
        contents["sessions.yaml"] = _imported(pathway, agents)
    contents |= _with_origin(contents)
    _write(target, contents)
    click.echo(f"Wrote {', '.join(contents)}.\n")
    click.echo(_next_steps(folder, contents["requirements.txt"].strip(), is_imported=bool(pathway or agents)))


def template_files() -> list[str]:
    """Return the paths of the template's files, relative to its folder."""
    paths = (path for path in TEMPLATE.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return sorted(str(path.relative_to(TEMPLATE)) for path in paths)


def _contents(project: str) -> dict[str, str]:
    """Return the text of each file, with what `pulumi new` would fill in."""
    from tornado_resource.declarations.writing import yaml_text

    texts = {name: (TEMPLATE / name).read_text(encoding="utf-8") for name in template_files()}
    filled = texts["Pulumi.yaml"].replace("${PROJECT}", yaml_text(project)).replace("${DESCRIPTION}", DESCRIPTION)
    return {**texts, "Pulumi.yaml": _SECTION.sub("", filled)}


def _with_origin(contents: dict[str, str]) -> dict[str, str]:
    """Return the files that name the address of the package, with that of the installed one."""
    wanted = requirement()
    if wanted is None:
        return {}
    repository, files = github_repository(wanted), {"requirements.txt": f"{wanted}\n"}
    if repository is not None:
        files["sessions.yaml"] = _SCHEMA_OF.sub(rf"\g<1>{repository}/", contents["sessions.yaml"], count=1)
        revision = wanted.rpartition("@")[2].partition("#")[0]
        files[WORKFLOW] = _ACTION.sub(rf"\g<1>{repository}@{revision}", contents[WORKFLOW])
    return files


def _name(folder: Path) -> str:
    """Return the folder's name, as far as a Pulumi project can have it."""
    return _NO_NAME.sub("-", folder.resolve().name).strip("-.")[:100] or "agents"


def _refuse_existing(folder: Path, names: list[str]) -> None:
    existing = [name for name in names if os.path.lexists(folder / name)]  # a link to nothing is in the way, too
    existing += [name for name in INNER_FOLDERS if (folder / name).is_symlink() or (folder / name).is_file()]
    if existing:
        where = clean(str(folder)) if folder != Path() else "this folder"
        message = (
            f"nothing was written, because {where} already has {', '.join(existing)}; "
            "name an empty folder, or move what is there"
        )
        raise ConfigurationError(message)


def _imported(pathway_id: str | None, agent_ids: tuple[str, ...]) -> str:
    from tornado_resource.cli.import_ import agents_declared, read_pathway, warn_of_left_out
    from tornado_resource.scenarios.importing import declarations

    if pathway_id is None:
        return agents_declared(agent_ids)
    scenarios, latest = asyncio.run(read_pathway(pathway_id))
    warn_of_left_out(scenarios)
    return declarations(scenarios, pathway_id, latest)


def _write(folder: Path, contents: dict[str, str]) -> None:
    with writing(str(folder), "folder"):
        _refuse_existing(folder, list(contents))  # again: a large pathway takes a while to read
        create_files({folder / name: text for name, text in contents.items()}, parents=True)


def _next_steps(folder: str, wanted: str, *, is_imported: bool) -> str:
    enter = "" if Path(folder).samefile(".") else f"  cd {shlex.quote(clean(folder))}\n"
    pathway = "" if is_imported else "Put the id of your pathway into sessions.yaml (in the sandbox, any: pw-1).\n"
    address = wanted.partition(" @ ")[2]
    local = f"requirements.txt names {address}, which no pipeline can reach.\n" if address.startswith("file:") else ""
    return (
        f"{local}{pathway}Next:\n{enter}"
        "  pulumi install                     # the packages, into .venv\n"
        "  pulumi stack init dev              # `pulumi login --local` first keeps the state on this machine\n"
        "  BLAND_API_KEY=YOUR_KEY pulumi up\n"
        "\n"
        "To try it without a key, run `tornado-resource sandbox --speed 60` in another terminal, and set\n"
        "BLAND_BASE_URL to the address that it prints."
    )
