"""Find, download or build Pulumi's engine and its Python language host, and link them into one folder.

The first way that works is used: commands on `PATH`, the vendor's release (by the SDK's own installer), or a build with
Go modules. A download or build is kept in the user's cache folder, under a key made from its inputs, so that it happens
once per machine.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

MODULES = Path(__file__).resolve().parent / "engine"
VERSION = "v3.259.0"
"""The engine's version: the newest one that Go module proxies serve."""
MIN_GO = (1, 25, 11)
COMMANDS = ["pulumi", "pulumi-language-python"]
FILES = [*COMMANDS, "pulumi-language-python-exec", "pulumi-resource-pulumi-python"]
SDK = "github.com/pulumi/pulumi/sdk/v3"
BUILT_HERE = (
    "its Python language host does not know the option `virtualenv` of Pulumi.yaml: `pulumi install` and `pulumi new` "
    "put the packages into the project's folder instead of .venv (`ln -s . .venv` there makes both work)"
)
INSTALLER_SECONDS = 180
PROGRESS_SECONDS = 10
Say = Callable[[str], None]


class EngineError(Exception):
    """There is no engine and no way to get one; the text says what to install."""


def prepare(bin_folder: Path, *, say: Say) -> str:
    """Make `pulumi` and its language host available in *bin_folder* or on `PATH`; return one line that names them.

    Raises:
        EngineError: none of the ways works on this machine.

    """
    if version := _version_of(bin_folder):
        return f"pulumi {version} in {_short(bin_folder)}"
    if found := _on_path(bin_folder):
        return f"pulumi {_version_of(found, COMMANDS)} from PATH ({_short(found)})"
    with _cache() as cache:
        folder = cache / _key()
        if not _version_of(folder):
            _fill(folder, say)
        _link_into(bin_folder, folder)
    return f"pulumi {_version_of(bin_folder)} in {_short(bin_folder)}, linked from {_short(folder)}"


def is_built_here(bin_folder: Path) -> bool:
    """Return whether the language host in *bin_folder* was built from Go modules, as Go notes in what it builds."""
    host = bin_folder / "pulumi-language-python"
    return host.exists() and f"path\t{SDK}/python/cmd/pulumi-language-python\n".encode() in host.read_bytes()


def _on_path(bin_folder: Path) -> Path | None:
    """Return the folder on `PATH`, other than *bin_folder*, in which both commands work; None if there is none."""
    folders = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
    search = os.pathsep.join(str(folder) for folder in folders if folder.resolve() != bin_folder.resolve())
    found = [shutil.which(command, path=search) for command in COMMANDS]
    if None in found or found[0] is None:
        return None
    folder = Path(found[0]).parent
    return folder if _version_of(folder, COMMANDS) else None


def _version_of(folder: Path, files: list[str] = FILES) -> str | None:
    """Return the version of the `pulumi` in *folder*; None if a file is missing or it does not run."""
    if not all(os.access(folder / name, os.X_OK) for name in files):
        return None
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"}
    try:
        result = subprocess.run(
            [folder / "pulumi", "version"], capture_output=True, text=True, check=False, env=environment, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None


def _fill(folder: Path, say: Say) -> None:
    """Create *folder* from the vendor's release or a build. It is renamed into existence, and so never incomplete."""
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="unfinished-") as scratch:
        work = Path(scratch) / "bin"
        say("engine: no pulumi on PATH; downloading the vendor's release")
        if _install_release(Path(scratch)):
            say("engine: the vendor's release was installed")
        else:
            say("engine: the download failed; building it instead (about 6 minutes, once per machine)")
            _build(work, say)
        work.rename(folder)


def _install_release(root: Path) -> bool:
    """Download the release with the SDK's own installer into `root/bin`; return whether that worked."""
    program = (
        "import sys; from pulumi.automation import PulumiCommand; from semver import Version; "
        "PulumiCommand.install(root=sys.argv[1], version=Version.parse(sys.argv[2][1:]), skip_version_check=True)"
    )
    python = Path(__file__).resolve().parent.parent / ".venv/bin/python"
    command = [str(python), "-c", program, str(root), VERSION]
    try:
        result = subprocess.run(command, capture_output=True, check=False, timeout=INSTALLER_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return result.returncode == 0 and _version_of(root / "bin") is not None


def _build(target: Path, say: Say) -> None:
    _check_go()
    target.mkdir(parents=True)
    engine_module, host_module = MODULES / "pulumi", MODULES / "language-python"
    stamp = f"-s -w -X {SDK}/go/common/version.Version={VERSION}"
    _go_build(host_module, f"{SDK}/python/cmd/pulumi-language-python", "-s -w", target, say)
    _go_build(engine_module, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", stamp, target, say)
    source = Path(_go(["list", "-m", "-f", "{{.Dir}}", SDK], host_module).strip())
    for script in ["cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python"]:
        copy = target / Path(script).name
        shutil.copyfile(source / "python" / script, copy)
        copy.chmod(0o755)


def _check_go() -> None:
    wanted = ".".join(map(str, MIN_GO))
    choices = (
        f"install one of: Pulumi (https://www.pulumi.com/docs/install/), so that `pulumi` and "
        f"`pulumi-language-python` are on PATH; or Go {wanted} or newer, to build the engine"
    )
    if shutil.which("go") is None:
        message = f"no Pulumi engine found, and no Go to build one: {choices}"
        raise EngineError(message)
    printed = subprocess.run(["go", "version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", printed)
    if match is None or tuple(int(part or 0) for part in match.groups()) < MIN_GO:
        message = f"no Pulumi engine found, and `{printed.strip()}` is too old to build one: {choices}"
        raise EngineError(message)


def _go_build(module: Path, package: str, flags: str, target: Path, say: Say) -> None:
    """Build one command, and print every ten seconds how many of its packages are compiled."""
    name = package.rpartition("/")[2]
    say(f"engine: {name}: downloading modules")
    total = len(_go(["list", "-deps", package], module).splitlines())
    command = ["go", "build", "-v", "-trimpath", "-ldflags", flags, "-o", f"{target}/", package]
    compiled, reported_at = 0, time.monotonic()
    tail: list[str] = []
    with subprocess.Popen(command, cwd=module, stderr=subprocess.PIPE, text=True) as build:
        assert build.stderr is not None  # noqa: S101 - stderr=PIPE, see above
        for line in build.stderr:
            compiled += 1
            tail = [*tail[-20:], line]
            if time.monotonic() - reported_at >= PROGRESS_SECONDS:
                reported_at = time.monotonic()
                say(f"engine: {name}: compiled {compiled} of up to {total} packages")
    if build.returncode != 0:
        message = f"building {name} failed (is a Go module proxy reachable from here?)\n{''.join(tail)}"
        raise EngineError(message)
    say(f"engine: {name}: built")


def _go(arguments: list[str], module: Path) -> str:
    result = subprocess.run(["go", *arguments], cwd=module, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        message = f"`go {' '.join(arguments)}` failed (is a Go module proxy reachable from here?)\n{result.stderr}"
        raise EngineError(message)
    return result.stdout


def _link_into(bin_folder: Path, folder: Path) -> None:
    """Hard-link the files: with symbolic links, the engine warns that its language host is in another folder."""
    for source in folder.iterdir():
        link = bin_folder / source.name
        link.unlink(missing_ok=True)
        try:
            os.link(source, link)
        except OSError:
            shutil.copy2(source, link)


@contextmanager
def _cache() -> Iterator[Path]:
    """Yield the cache folder, locked so that one set-up uses it at a time."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache = home / "tornado-resource" / "engine"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for unfinished in cache.glob("unfinished-*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        yield cache


def _key() -> str:
    inputs = [VERSION, *(path.read_text(encoding="utf-8") for path in sorted(MODULES.glob("*/go.*")))]
    return f"{VERSION}-{sys.platform}-{hashlib.sha256(''.join(inputs).encode()).hexdigest()[:12]}"


def _short(path: Path) -> str:
    home = str(Path.home())
    return str(path).replace(home, "~", 1) if str(path).startswith(home) else str(path)
