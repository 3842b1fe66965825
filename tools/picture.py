"""Record the terminal picture of the README, `docs/images/terminal.svg`, from a real `pulumi up` against the sandbox.

`python tools/picture.py` runs the commands in a temporary project and writes the picture.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from html import unescape
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
BIN: Final = Path(sys.executable).parent
PICTURE: Final = ROOT / "docs/images/terminal.svg"
WIDTH: Final = 132
TITLE: Final = "A team's pipeline"
COMMANDS: Final = (
    ("tornado-resource", "validate"),
    ("pulumi", "up", "--yes", "--skip-preview", "--suppress-outputs"),
)
FILES: Final = {
    "Pulumi.yaml": "name: agents\nruntime: python\n",
    "__main__.py": "from tornado_resource import deploy\n\ndeploy()\n",
    "sessions.yaml": """\
version: 1
sessions:
  support-line:
    pathway_id: pw-support
    scenario_ids: [sc-refund, sc-order-status]
  billing:
    pathway_id: pw-billing
    scenario_ids: [sc-invoice, sc-cancel]
""",
    "sandbox.yaml": """\
pathways:
  pw-support:
    scenarios: [{id: sc-refund, name: Refunds an order}, {id: sc-order-status, name: Tells an order's status}]
    failing: [1, 0]
    iteration_ms: 110000
  pw-billing:
    scenarios: [{id: sc-invoice, name: Explains an invoice}, {id: sc-cancel, name: Cancels a subscription}]
    failing: [2, [sc-cancel], [sc-cancel]]
    iteration_ms: 95000
""",
}
THEME: Final = TerminalTheme(
    (22, 22, 21),
    (226, 223, 217),
    [
        (22, 22, 21),
        (232, 112, 106),
        (112, 190, 140),
        (222, 178, 84),
        (110, 165, 235),
        (200, 140, 210),
        (110, 190, 195),
        (226, 223, 217),
    ],
)
SVG: Final = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img" \
aria-label="Output of pulumi up: one session passed, one failed, and what to do">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; \
font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-family: system-ui, -apple-system, "Segoe UI", sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def record() -> str:
    """Run the commands and return all that a terminal would show, colours included."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "agents"
        folder.mkdir()
        for name, content in FILES.items():
            (folder / name).write_text(content, encoding="utf-8")
        with _sandbox(folder) as url:
            environment = _environment(folder.parent, url)
            _run(("pulumi", "stack", "init", "staging"), folder, environment)
            shown = [
                f"\x1b[1m$ {' '.join(command)}\x1b[0m\n{_run(command, folder, environment)}" for command in COMMANDS
            ]
    # Pulumi prints the dots where it cannot redraw a line, as in the log of a pipeline.
    lines = [line for line in "\n".join(shown).splitlines() if line.strip() and "@ updating" not in line]
    return "\n".join(lines) + "\n"


def picture(printed: str) -> str:
    """Return the SVG of a terminal's output. It makes no request."""
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(printed.rstrip("\n")))
    return console.export_svg(title=TITLE, theme=THEME, code_format=SVG, unique_id="terminal")


def lines_of(svg: str) -> list[str]:
    """Return the lines of text in a picture."""
    texts = re.findall(r"<text [^>]*y=\"([\d.]+)\"[^>]*>([^<]*)</text>", svg)
    rows: dict[str, str] = {}
    for y, text in texts:
        rows[y] = rows.get(y, "") + unescape(text).replace("\xa0", " ")
    return list(rows.values())


@contextmanager
def _sandbox(folder: Path) -> Iterator[str]:
    command = [str(BIN / "tornado-resource"), "sandbox", "--speed", "60", "--scenario-file", "sandbox.yaml"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # noqa: S101 - stdout=PIPE, see above
        try:
            yield re.findall(r"http://\S+", server.stdout.readline())[0]
        finally:
            server.terminate()


def _environment(folder: Path, url: str) -> dict[str, str]:
    (folder / "state").mkdir()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "BLAND_"))}
    return {
        **kept,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
        "PULUMI_HOME": str(folder / "pulumi"),
        "PULUMI_CONFIG_PASSPHRASE": "picture",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "BLAND_API_KEY": "a-key-for-the-sandbox",
        "BLAND_BASE_URL": url,
        "FORCE_COLOR": "1",
    }


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> str:
    color = ("--color", "always", "--non-interactive") if command[0] == "pulumi" else ()
    ran = subprocess.run(
        [*command, *color],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ran.stdout


def main() -> int:
    """Write the picture."""
    PICTURE.write_text(picture(record()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
