"""Look for known vulnerabilities of the locked packages, and say so if it could not look (`make audit`)."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parent.parent
LOCK: Final = ROOT / "requirements.lock"
AUDITOR: Final = "pip-audit==2.10.1"
HOME: Final = ROOT / ".venv/audit"
FOUND: Final = 1
SKIPPED: Final = 3


def main() -> int:
    """Audit the lock; return 0 for nothing found, 1 for vulnerabilities, 3 if it was skipped."""
    program = HOME / "bin/pip-audit"
    if not program.exists():
        # In an environment of its own: its dependencies are not those of the project.
        venv.create(HOME, with_pip=True)
        command = [str(HOME / "bin/python"), "-m", "pip", "install", "--quiet", AUDITOR]
        if subprocess.run(command, check=False).returncode != 0:
            print(f"audit skipped: {AUDITOR} cannot be installed")
            return SKIPPED
    options = ["--requirement", str(LOCK), "--require-hashes", "--disable-pip", "--format", "json"]
    command = [str(program), *options, "--progress-spinner", "off"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    code, message = result(ran.returncode, ran.stdout, ran.stderr)
    print(message)
    return code


def result(code: int, stdout: str, stderr: str) -> tuple[int, str]:
    """Return the exit code and the message for what pip-audit returned.

    pip-audit ends with 1 both if it found something and if it could reach nothing, and with 0 although it skipped
    packages.
    """
    try:
        packages: list[dict[str, Any]] = json.loads(stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        reason = stderr.strip().splitlines()[-1] if stderr.strip() else f"pip-audit ended with {code}"
        return SKIPPED, f"audit skipped, no source of advisories: {reason}"
    return _of_packages(packages)


def _of_packages(packages: list[dict[str, Any]]) -> tuple[int, str]:
    found = [f"{each['name']} {each['version']}: {known['id']}" for each in packages for known in each.get("vulns", [])]
    skipped = [f"{each['name']}: {each['skip_reason']}" for each in packages if "skip_reason" in each]
    if found:
        return FOUND, "\n".join([f"{len(found)} known vulnerabilities:", *found, *skipped])
    if len(skipped) == len(packages):
        return SKIPPED, f"audit skipped, no source of advisories: {skipped[0] if skipped else 'no package was audited'}"
    if skipped:
        return SKIPPED, "\n".join([f"audit incomplete, {len(skipped)} of {len(packages)} packages skipped:", *skipped])
    return 0, f"nothing found in {len(packages)} packages"


if __name__ == "__main__":
    sys.exit(main())
