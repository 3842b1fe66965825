"""What importing the client imports."""

from __future__ import annotations

import subprocess
import sys

import pytest

SHOW = "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules} & {'rich', 'pygments', 'click'}))"


@pytest.mark.parametrize(
    ("program", "imported"),
    [
        ("import tornado_resource.bland.client", ""),
        ("import httpx, tornado_resource.bland.client", "click pygments rich"),
    ],
)
def test_the_client_does_without_the_command_line_of_httpx(program: str, imported: str) -> None:
    ran = subprocess.run([sys.executable, "-c", f"{program}; {SHOW}"], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == imported


def test_httpx_is_whole_afterwards() -> None:
    program = "import tornado_resource.bland.client, httpx; httpx.main, httpx.Client; import httpx._main"
    subprocess.run([sys.executable, "-c", program], check=True)
