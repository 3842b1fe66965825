"""The base URLs of the API that a state names, and those that the API key may go to.

`pulumi refresh` and `pulumi destroy` take a provider's config from the state, so whoever can write the state could
otherwise have the key sent to another server.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.address import DEFAULT_URL
from tornado_resource.core.files import project_folder, read_file
from tornado_resource.errors import DeclarationError
from tornado_resource.stacks.command_line import pulumi_command
from tornado_resource.stacks.fields import ENCRYPTED, objects_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

BASE_URL_KEY: Final = "bland:baseUrl"
MAX_PROJECT_FILE_BYTES: Final = 1024 * 1024
"""Of one of Pulumi's settings files."""
_SUFFIXES: Final = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class RecordedUrl:
    """A base URL in a state: the URN of the resource that it is in, its path in the state, and the value."""

    urn: str
    path: str
    value: Any

    @property
    def is_encrypted(self) -> bool:
        """Whether it is a secret of Pulumi's."""
        return isinstance(self.value, Mapping) and ENCRYPTED in self.value


def recorded_urls(state: Any) -> Iterator[RecordedUrl]:
    """Yield every base URL in a state, wherever it is."""
    for node, path, urn in objects_in(state):
        if node.get(BASE_URL_KEY):
            yield RecordedUrl(urn, f"{path}.{BASE_URL_KEY}".lstrip("."), node[BASE_URL_KEY])


def is_one_of(base_url: Any, urls: Iterable[str]) -> bool:
    """Return whether a base URL is one of *urls*. A slash at the end makes no difference."""
    return isinstance(base_url, str) and base_url.rstrip("/") in {url.rstrip("/") for url in urls}


def own_urls(environment: Mapping[str, str]) -> list[str]:
    """Return the base URLs that no state can change: the default one, and that of the environment."""
    return [DEFAULT_URL, *filter(None, [environment.get("BLAND_BASE_URL")])]


def settings_urls() -> list[str]:
    """Return the base URLs in the settings of this project's stacks (`Pulumi.STACK.yaml`) and in `Pulumi.yaml`.

    All stacks count: a provider cannot know which one it serves. So does the file of `--config-file`, where
    the system shows the command line.
    """
    command = pulumi_command(os.getpid())
    folders = {project_folder(): None, **({project_folder(command.folder): None} if command is not None else {})}
    settings = [url for folder in folders for url in _settings_in(folder)]
    if command is not None and command.config_file is not None:
        settings += _settings(command.config_file)
    return [value for value in map(_base_url, settings) if isinstance(value, str)]


def _base_url(settings: Mapping[str, Any]) -> Any:
    config = settings.get("config")
    value = config.get(BASE_URL_KEY) if isinstance(config, Mapping) else None
    return value.get("value") if isinstance(value, Mapping) else value


def _settings_in(folder: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the settings in the folder of a project, and in the folder that its `stackConfigDir` names."""
    files = [path for path in sorted(folder.glob("Pulumi.*")) if path.suffix in _SUFFIXES]
    for settings in chain.from_iterable(map(_settings, files)):
        yield settings
        subfolder = settings.get("stackConfigDir")
        for path in sorted((folder / subfolder).glob("Pulumi.*")) if isinstance(subfolder, str) else ():
            yield from _settings(path)


def _settings(file: Path) -> list[Mapping[str, Any]]:
    """Return what is in a settings file; an empty list if it cannot be read."""
    from tornado_resource.declarations.reader import parse

    try:
        data = parse(read_file(file, MAX_PROJECT_FILE_BYTES), file.name).data
    except (OSError, DeclarationError):
        return []
    return [data] if isinstance(data, Mapping) else []
