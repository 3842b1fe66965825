from __future__ import annotations

import errno
import hashlib
import itertools
import json
import os
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.damage import damaged_copies
from tornado_resource.core.canonical import whole_or_none
from tornado_resource.errors import ConfigurationError, TornadoError
from tornado_resource.runs.intents import MAX_INTENT_BYTES, SCENARIO_INTENTS, Intent, IntentStore, intents_folder
from tornado_resource.runs.order import Address
from tornado_resource.stacks.backend import backend_digest, resource_address

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS = Address("b", "agents", "dev", "a")
INTENT = Intent(ADDRESS, "pw-1", "digest", "2026-04-14T10:00:00+00:00")


@pytest.fixture
def store(tmp_path: Path) -> IntentStore:
    return IntentStore(tmp_path / "state/intents")


def test_an_intent_is_written_found_recorded_and_settled(store: IntentStore) -> None:
    assert store.find(ADDRESS) is None
    store.write(INTENT)
    assert store.find(ADDRESS) == INTENT
    store.settle(ADDRESS, "s-1")
    assert store.find(ADDRESS) == INTENT, "its session id is not known yet"
    store.record(INTENT, "s-1", "t")
    store.settle(ADDRESS, "another")
    found = store.find(ADDRESS)
    assert found is not None
    assert (found.session_id, found.created_at) == ("s-1", "t")
    assert list(store.all()) == [found]
    store.settle(ADDRESS, "s-1")
    assert list(store.all()) == []
    store.clear(ADDRESS)


def test_an_intent_of_an_older_release_is_found(store: IntentStore) -> None:
    upgraded = replace(ADDRESS, backend="b-2", older_backend="b")
    store.write(INTENT)
    found = store.find(upgraded)
    assert found == INTENT
    assert store.file(upgraded) == store.file(ADDRESS)
    store.record(found, "s-1", "t")
    store.settle(upgraded, "s-1")
    assert store.all() == []
    store.write(INTENT)
    store.write(replace(INTENT, address=upgraded, sent_at="2026-04-15T10:00:00+00:00"))
    assert [each.address for each in store.all()] == [upgraded], "a new start takes its place"
    assert store.find(ADDRESS) is None


def test_a_damaged_file_is_no_intent(store: IntentStore, tmp_path: Path) -> None:
    store.write(INTENT)
    (file,) = (tmp_path / "state/intents").iterdir()
    content = file.read_bytes()
    damages = [content[:offset] for offset in range(len(content))]
    optional = {"session_id", "created_at", "version"}
    copies = damaged_copies(json.loads(content))
    known = [each for each in copies if optional <= each.keys()]
    # Any whole number could be a version, and an intent of an older release has none.
    damages += [json.dumps(each).encode() for each in known if whole_or_none(each["version"]) in {None, -1}]
    damages += [content.replace(b"2026", b"soon"), content.replace(b"+00:00", b""), content.replace(b"pw-1", b"\xff")]
    damages += [b"[" * 30_000, b'{"a": 1, ' + content[1:], b" " * MAX_INTENT_BYTES + content]
    assert len(damages) >= 300
    for damage in damages:
        file.write_bytes(damage)
        assert store.find(ADDRESS) is None, damage
        with pytest.raises(
            ConfigurationError, match=rf"^the intent file {file} is damaged: (?!None)[^.]+\. Delete it; if its"
        ):
            store.all()
    store.write(INTENT)
    assert store.find(ADDRESS) == INTENT


def test_an_intent_that_is_no_file_is_not_waited_for(store: IntentStore, tmp_path: Path) -> None:
    store.write(INTENT)
    (file,) = (tmp_path / "state/intents").iterdir()
    file.unlink()
    os.mkfifo(file)
    assert store.find(ADDRESS) is None
    with pytest.raises(ConfigurationError, match="is damaged: not a regular file"):
        store.all()
    store.write(INTENT)
    assert store.all() == [INTENT]


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777, 0o770])
def test_a_folder_that_others_can_write_to_is_not_trusted(store: IntentStore, tmp_path: Path, mode: int) -> None:
    store.write(INTENT)
    (tmp_path / "state/intents").chmod(mode)
    assert_not_trusted(store, "can be written to by other users")


def test_a_folder_that_others_can_read_is_trusted(store: IntentStore, tmp_path: Path) -> None:
    store.write(INTENT)
    (tmp_path / "state/intents").chmod(0o755)
    assert store.find(ADDRESS) == INTENT


def test_a_folder_of_another_user_is_not_trusted(store: IntentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(INTENT)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert_not_trusted(store, "belongs to another user")


def test_a_link_is_as_good_as_the_folder_that_it_leads_to(store: IntentStore, tmp_path: Path) -> None:
    store.write(INTENT)
    (tmp_path / "link").symlink_to(tmp_path / "state/intents")
    assert IntentStore(tmp_path / "link").find(ADDRESS) == INTENT
    (tmp_path / "state/intents").chmod(0o777)
    assert_not_trusted(IntentStore(tmp_path / "link"), "can be written to by other users")


def test_what_is_no_folder_holds_no_intents(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = IntentStore(tmp_path / "file")
    assert store.find(ADDRESS) is None
    with pytest.raises(TornadoError, match=r"^not sent: cannot write the intent file: File exists"):
        store.write(INTENT)
    with pytest.raises(ConfigurationError, match=r"^the folder of the intent files is not a folder "):
        store.all()
    with pytest.raises(ConfigurationError, match=r"^the folder of the intent files cannot be read: not a dir"):
        IntentStore(tmp_path / "file/below").all()
    assert IntentStore(tmp_path / "none").all() == []


def assert_not_trusted(store: IntentStore, reason: str) -> None:
    assert store.find(ADDRESS) is None
    with pytest.raises(TornadoError, match=f"^not sent: the folder of the intent files {reason} "):
        store.write(INTENT)
    with pytest.raises(
        ConfigurationError, match=f"^the folder of the intent files {reason} .* Make it a folder of your"
    ):
        store.all()
    store.settle(ADDRESS, "s-1")


def test_two_stacks_in_one_folder_do_not_mix(tmp_path: Path) -> None:
    folder = tmp_path / "intents"
    for seed in range(20):
        chance = random.Random(seed)  # noqa: S311 - an order of steps, no secrets
        stacks = [Address("b", "agents", stack, "a") for stack in ("dev", "prod")]
        steps: dict[Address, list[Callable[[IntentStore, Intent], None]]] = {
            address: [
                lambda store, intent: store.write(intent),
                lambda store, intent: store.record(intent, f"s-{intent.address.stack}", None),
                lambda store, intent: store.settle(intent.address, f"s-{intent.address.stack}"),
            ]
            for address in stacks
        }
        while any(steps.values()):
            address = chance.choice([address for address in stacks if steps[address]])
            intent = Intent(address, f"pw-{address.stack}", "d", "2026-04-14T10:00:00+00:00")
            other = stacks[1 - stacks.index(address)]
            before = IntentStore(folder).find(other)
            steps[address].pop(0)(IntentStore(folder), intent)
            assert IntentStore(folder).find(other) == before
        assert list(IntentStore(folder).all()) == []


@pytest.mark.parametrize(("function", "code"), [("fsync", errno.ENOSPC), ("open", errno.EROFS), ("fsync", errno.EIO)])
def test_a_failed_write_is_an_error_and_leaves_no_file(
    store: IntentStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, code: int
) -> None:
    def fails(*_arguments: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, function, fails)
    with pytest.raises(TornadoError) as caught:
        store.write(INTENT)
    monkeypatch.undo()
    assert str(caught.value).startswith(f"not sent: cannot write the intent file: {os.strerror(code)}")
    assert store.find(ADDRESS) is None
    assert list((tmp_path / "state/intents").iterdir()) == []


def test_the_file_is_synced_before_it_is_moved_and_the_folder_after(
    store: IntentStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[tuple[bool, int]] = []
    sync = os.fsync

    def spy(descriptor: int) -> None:
        is_folder = os.path.isdir(f"/proc/self/fd/{descriptor}")  # noqa: PTH112 - a descriptor, no path
        seen.append((is_folder, len(list((tmp_path / "state/intents").glob("*.json")))))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", spy)
    store.write(INTENT)
    assert seen == [(False, 0), (True, 1)]


def test_only_its_owner_can_read_it(store: IntentStore, tmp_path: Path) -> None:
    store.write(INTENT)
    (file,) = (tmp_path / "state/intents").iterdir()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_every_part_of_an_address_matters(tmp_path: Path) -> None:
    store = IntentStore(tmp_path)
    parts = itertools.product("xy", repeat=5)
    addresses = [Address(*part) for part in parts]
    for address in addresses:
        store.write(Intent(address, "p", "d", "2026-04-14T10:00:00+00:00"))
    assert len(list(store.all())) == len(addresses)
    assert all(re.fullmatch(r"[0-9a-f]{40}\.json", file.name) for file in tmp_path.iterdir())


def test_two_components_find_the_intents_of_their_own_sessions(store: IntentStore) -> None:
    sales, billing = (Intent(replace(ADDRESS, parents=f"acme:{name}" * 99), name, "d", INTENT.sent_at) for name in "sb")
    for intent in (sales, billing, INTENT):
        store.write(intent)
    assert [store.find(intent.address) for intent in (sales, billing, INTENT)] == [sales, billing, INTENT]
    store.clear(ADDRESS)
    assert store.find(sales.address) == sales


def test_an_intent_that_an_older_release_wrote_is_found(store: IntentStore, tmp_path: Path) -> None:
    store.write(INTENT)
    (file,) = (tmp_path / "state/intents").iterdir()
    address = {"backend": "b", "project": "agents", "stack": "dev", "resource": "a"}
    assert json.loads(file.read_text(encoding="utf-8"))["address"] == address
    assert file.stem == hashlib.sha256(json.dumps(address, sort_keys=True).encode()).hexdigest()[:40]


def test_the_digest_of_a_backend_ignores_the_password(tmp_path: Path) -> None:
    url = "postgres://user:hunter22@127.0.0.1/db"
    named = backend_digest({"PULUMI_BACKEND_URL": url})
    assert re.fullmatch("[0-9a-f]{16}", named)
    (tmp_path / "credentials.json").write_text(json.dumps({"current": url}), encoding="utf-8")
    assert backend_digest({"PULUMI_HOME": str(tmp_path)}) == named
    assert backend_digest({"PULUMI_HOME": str(tmp_path / "none")}) != named
    assert backend_digest({"PULUMI_BACKEND_URL": url.replace("hunter22", "changed")}) == named


def test_the_address_of_a_resource() -> None:
    address = resource_address("acme/dev/support-line", "agents", {"PULUMI_BACKEND_URL": "file:///x"})
    assert (address.project, address.stack, address.resource) == ("agents", "acme/dev", "support-line")


def test_the_folder_is_the_users_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert intents_folder({"XDG_STATE_HOME": "/x"}, "intents").parts[:2] == ("/", "x")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert intents_folder({}, "intents") == tmp_path / ".local/state/tornado-resource/intents"
    assert intents_folder({}, SCENARIO_INTENTS) == tmp_path / ".local/state/tornado-resource/scenario-intents"


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def home() -> Path:
        message = "Could not determine home directory."
        raise RuntimeError(message)

    monkeypatch.setattr(Path, "home", home)
    with pytest.raises(ConfigurationError, match=r"^no folder for intent files: .*; set HOME or XDG_STATE_HOME$"):
        intents_folder({}, "intents")
