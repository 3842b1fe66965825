"""SIGTERM during `tornado-resource wait`."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tornado_resource.cli.wait import _sigterm_as_ctrl_c


def test_sigterm_ends_an_event_loop_like_ctrl_c() -> None:
    async def end() -> None:
        signal.raise_signal(signal.SIGTERM)
        await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt), _sigterm_as_ctrl_c():
        asyncio.run(end())


@pytest.mark.parametrize("ctrl_c", [signal.default_int_handler, signal.SIG_IGN])
def test_sigterm_ends_a_command_even_if_ctrl_c_is_ignored(ctrl_c: signal.Handlers) -> None:
    before = signal.signal(signal.SIGINT, ctrl_c)
    try:
        with pytest.raises(KeyboardInterrupt), _sigterm_as_ctrl_c():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_handler_of_sigterm_is_restored() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with _sigterm_as_ctrl_c():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
