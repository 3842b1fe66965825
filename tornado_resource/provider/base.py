"""What every provider does, whatever its resources are."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pulumi.dynamic import ResourceProvider

from tornado_resource.provider.runtime import start_runtime

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from pulumi.dynamic import ConfigureRequest

    from tornado_resource.bland.client import Client
    from tornado_resource.provider.runtime import Runtime

T = TypeVar("T")
U = TypeVar("U")


class BaseProvider(ResourceProvider, Generic[U]):
    """Sends requests through the runtime of its process, and remembers what it learns in one update (*U*)."""

    serialize_as_secret_always = False
    _runtime: Runtime | None = None
    _known: U | None = None

    def configure(self, req: ConfigureRequest) -> None:
        """Called once per provider process, before anything else.

        Raises:
            Failure: the API key or the user's home folder is missing, or the key, the base URL or a setting is invalid.

        """
        self._runtime = start_runtime(req)
        self._known = self._begin(req)

    @abstractmethod
    def _begin(self, req: ConfigureRequest) -> U:
        """Return what the provider knows of an update before its first call."""

    @property
    def _this_update(self) -> U:
        assert self._known is not None  # noqa: S101 - Pulumi calls configure first
        return self._known

    def _run(self, work: Callable[[Client], Coroutine[Any, Any, T]], props: Mapping[str, Any] | None = None) -> T:
        """Run *work* and return its result. With *props*, an error names the position of the declaration."""
        assert self._runtime is not None  # noqa: S101 - Pulumi calls configure first
        return self._runtime.run(work, props.get("declared_at") if props is not None else None)
