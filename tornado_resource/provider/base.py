"""What every provider does, whatever its resources are."""

from __future__ import annotations

import hashlib
import os
from abc import abstractmethod
from dataclasses import dataclass, field
from functools import reduce, wraps
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from pulumi import contains_unknowns
from pulumi.dynamic import ResourceProvider

from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.core.text import clean
from tornado_resource.provider.runtime import (
    Failure,
    confirm_base_url,
    damaged_state,
    failure,
    is_debugging,
    start_runtime,
)
from tornado_resource.runs.model import without_secret
from tornado_resource.stacks.backend import resource_address

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping

    from pulumi.dynamic import ConfigureRequest

    from tornado_resource.bland.client import Client
    from tornado_resource.errors import TornadoError
    from tornado_resource.provider.runtime import Runtime
    from tornado_resource.runs.intents import IntentStore
    from tornado_resource.runs.order import Address


T = TypeVar("T")
U = TypeVar("U")
CALLS: Final = ("configure", "check", "create", "diff", "update", "delete", "read")
"""What Pulumi calls, each in a thread of its gRPC server."""
MAX_PANIC_CHARACTERS: Final = 500


def _ended(call: Callable[..., T]) -> Callable[..., T]:
    """Return a call of a provider that raises no other than an `Exception`.

    The gRPC server responds to nothing else, and Pulumi would wait for its response for ever.
    """

    @wraps(call)
    def ended(*arguments: Any, **named: Any) -> T:
        try:
            return call(*arguments, **named)
        except (Exception, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - such as a panic of a library in Rust
            message = clean(f"unexpected error: {type(error).__name__}: {error}", MAX_PANIC_CHARACTERS)
            raise Failure(message) from (error if is_debugging() else None)

    return ended


class BaseProvider(ResourceProvider, Generic[U]):
    """Sends requests through the runtime of its process, and remembers what it learns in one update (*U*)."""

    serialize_as_secret_always = False
    _runtime: Runtime | None = None
    _known: U | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        """Let each call end in an error that Pulumi shows, whatever it raises."""
        super().__init_subclass__(**options)
        for name in CALLS:
            if name in cls.__dict__:
                setattr(cls, name, _ended(cls.__dict__[name]))

    @_ended
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
        if props is None:
            return self._runtime.run(work)
        try:
            return self._runtime.run(work, props.get("declared_at"))
        except Failure as error:
            text = self._public(str(error), props)
            if text == str(error):
                raise
            raise Failure(text) from None  # the text of its cause has what is secret

    @property
    def _tested(self) -> dict[str, str]:
        """What the runs of this update test, as their own provider notes it for that of scenarios."""
        assert self._runtime is not None  # noqa: S101 - Pulumi calls configure first
        return self._runtime.tested

    def _public(self, text: str, props: Mapping[str, Any]) -> str:
        """Return *text*, which may be an error of the API, without what is secret of the resource's place."""
        return reduce(without_secret, self._secret_texts(props), text)

    def _secret_texts(self, _props: Mapping[str, Any]) -> Iterable[str]:
        """Return what no message may show."""
        return ()


@dataclass
class SeeingUpdate:
    """What a provider that compares with what is there knows about the update that it serves.

    *intents*: what was about to be created or stored on this machine: the state does not have that of an update that
    was killed. *taken*: by what they have, the declared resources. The engine creates a renamed resource before it
    deletes the old one, perhaps in an earlier update, and that delete must not end what it has. *seen*: what the
    program has seen, by the `identity` of the resources.
    """

    intents: IntentStore
    taken: dict[str, Identity] = field(default_factory=dict)
    seen: dict[Identity, Mapping[str, Any]] = field(default_factory=dict)

    def holder(self, thing: str, own: Identity) -> str | None:
        """Return the name of the resource other than *own* that has something; None if there is none."""
        holding = self.taken.get(thing, own)
        return holding[0].rpartition("/")[2] if holding != own else None


S = TypeVar("S", bound=SeeingUpdate)


class SeeingProvider(BaseProvider[S]):
    """Takes note of what the program has seen, and of which resource has what."""

    def _note(self, news: dict[str, Any]) -> None:
        """Take what is for this update only out of the inputs: what the program has seen, and the base URL."""
        confirm_base_url(news.pop("base_url", None))
        seen = news.pop("seen", None)
        self._this_update.seen[identity(news)] = seen if isinstance(seen, dict) and not contains_unknowns(seen) else {}

    def _seen(self, props: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._this_update.seen.get(identity(props), {})

    def _take(self, thing: str, props: Mapping[str, Any]) -> None:
        """Note that a declared resource has something.

        Raises:
            Failure: another one has it.

        """
        own = identity(props)
        self._this_update.taken.setdefault(thing, own)
        holder = self._this_update.holder(thing, own)
        if holder is not None:
            raise failure(str(self._held(thing, props, holder)), props.get("declared_at"))

    @abstractmethod
    def _held(self, thing: str, props: Mapping[str, Any], holder: str) -> TornadoError:
        """Return the error for what resource *holder* has."""


Identity = tuple[str, str]
"""A resource of one stack and one type, by its name and the types of the components that it is in."""


def identity(props: Mapping[str, Any]) -> Identity:
    """Return which resource of the stack has these properties."""
    return str(props["name"]), str(props.get("parents") or "")


def address_of(props: Mapping[str, Any]) -> Address:
    """Return the address of the resource that has these properties."""
    name, parents = identity(props)
    return resource_address(name, os.environ.get("PULUMI_PROJECT", ""), os.environ, parents)


def definition_of(props: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition of a resource; none only if the state is damaged: then every field differs."""
    fields = props.get("fields")
    definition: dict[str, Any] = whole_without_nulls(fields) if isinstance(fields, dict) else {}
    return definition


def kept_outputs(props: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outputs that a state has, without the provider's code, which Pulumi adds itself."""
    return {key: value for key, value in props.items() if key != "__provider"}


def id_in_clear(value: Any, *, is_secret: bool) -> str:
    """Return an id as a part of the resource's own. Pulumi keeps that in clear, so it has only a digest of a secret."""
    text = str(value)
    return hashlib.sha256(text.encode()).hexdigest()[:16] if is_secret else text


def recorded_text(what: str, props: Mapping[str, Any], key: str, cure: str) -> str:
    """Return a text of the state of something such as `checks a-1/staging`.

    Raises:
        Failure: there is none, which only happens if the state is damaged or was changed by hand. *cure*: what to do
            once the resource is removed from the state.

    """
    value = props.get(key)
    if isinstance(value, str):
        return value
    raise damaged_state(what, f"`{key}`", cure)
