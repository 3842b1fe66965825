"""Declarations files with random damage: each gets a result or messages, within the limit of memory."""

from __future__ import annotations

import random
import resource
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.hostile_files import invalid_files
from tests.support.paths import ROOT
from tests.support.payloads import PAYLOADS, commands, shows
from tests.support.reading import messages
from tests.support.soak import IS_SOAK

if TYPE_CHECKING:
    from pathlib import Path

FILES: Final = 100_000 if IS_SOAK else 600
RUNS: Final = 10
MAX_BYTES: Final = 1024 * 1024
MAX_MEBIBYTES: Final = 200
SEEDS: Final = [path.read_bytes() for path in sorted((ROOT / "tests/examples").glob("*valid/*.yaml"))] + [
    content.encode("utf-8", "replace") for text in PAYLOADS.values() for content in invalid_files(text[:200]).values()
]
SYNTAX: Final = r"""&a  *a  <<:  ?  -  :  { } [ ] !!int !x | > # ' " \x1b ~ null 0x 1e999 .inf , %TAG"""
CONTENT: Final = """\
version: 1|sessions:|environments:|defaults:|pathway_id: p|gate: none|promotes_from: e|scenario_ids: [a, a]|\
triggers: {a: 1}|publish: staging|passed: 3|a: |e: {}|\n  |\n---\n|\n...\n|\n%TAG ! x\n|\r|\t|\0|\x85|\ufeff"""
WORDS: Final = [word.encode() for word in [*SYNTAX.split(" "), *CONTENT.split("|"), "9" * 500]] + [b"\xff", b"\xe2\x82"]


def mutated(chance: random.Random) -> bytes:
    content = bytearray(chance.choice(SEEDS))
    for _ in range(chance.randint(1, 8)):
        start = chance.randint(0, len(content))
        end = min(len(content), start + chance.choice([0, 1, 1, 5, 40]))
        kind = chance.randrange(6)
        if kind == 0:
            del content[start:end]
        elif kind == 1:
            content[start:start] = chance.choice(WORDS)
        elif kind == 2:
            content[start:end] = chance.randbytes(end - start)
        elif kind == 3:
            content[start:start] = content[start:end] * chance.choice([1, 10, 1000])
        elif kind == 4:
            content[start:] = chance.choice(SEEDS)[start:]
        else:
            content[start:end] = bytes(byte ^ 1 << chance.randrange(8) for byte in content[start:end])
    if chance.random() < 0.02:
        content *= min(2000, MAX_BYTES // max(len(content), 1))
    return bytes(content[:MAX_BYTES])


@pytest.mark.parametrize("run", range(RUNS))
def test_no_damage_makes_it_crash_hang_or_print_codes(
    tmp_path: Path, run: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chance = random.Random(run)  # noqa: S311 # the same damage each time
    before = peak()
    for _ in range(FILES // RUNS):
        content = mutated(chance)
        (tmp_path / "s.yaml").write_bytes(content)
        said = messages("s.yaml")
        assert not shows(said)
        assert not commands(said)
        assert said.count("\n") <= 1000
    assert peak() - before < MAX_MEBIBYTES


def peak() -> float:
    """The most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
