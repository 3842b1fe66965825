"""A project may have files with the names of Python's own modules, as Pulumi puts its folder first on `sys.path`."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PULUMI = """
import argparse, asyncio, logging, os, pkgutil, runpy, sys, traceback
import pulumi, pulumi.dynamic, pulumi.runtime
"""
"""What Pulumi imports before it runs a program."""
HIDE = """
for name in sys.stdlib_module_names - sys.modules.keys():
    open(f"{name}.py", "w").write("MINE = True")
sys.path.insert(0, os.getcwd())
"""
USE = """
import tornado_resource
import encodings.idna, importlib.resources
from xml.dom import minidom
for each in pkgutil.walk_packages(tornado_resource.__path__, "tornado_resource."):
    if not each.name.startswith(("tornado_resource.cli", "tornado_resource.sandbox", "tornado_resource.template")):
        __import__(each.name)
from tornado_resource.bland.client import Client
from tornado_resource.bland.address import find_endpoint
Client(find_endpoint(None, {"BLAND_API_KEY": "a-long-key"}))
"""


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def test_no_file_of_a_project_hides_a_module_of_python(tmp_path: Path) -> None:
    own = "import code, secrets; assert code.MINE and secrets.MINE\n"
    ran = run(PULUMI + HIDE + own + USE, tmp_path)
    assert ran.returncode == 0, ran.stderr


def test_a_file_that_is_imported_already_is_named(tmp_path: Path) -> None:
    (tmp_path / "statistics.py").write_text("", encoding="utf-8")
    ran = run("import statistics, tornado_resource", tmp_path)
    expected = (
        f"{tmp_path}/statistics.py hides Python's module `statistics`, which tornado-resource needs: rename the file"
    )
    assert ran.stderr.splitlines()[-1] == f"ImportError: {expected}"


PROVIDER = """
import importlib.util, os, sys
import __main__
__main__.__spec__ = importlib.util.find_spec("pulumi.dynamic.__main__")
sys.path.insert(0, os.getcwd())
import inspect, pkgutil, traceback
import pulumi, pulumi.dynamic, pulumi.runtime, dill, grpc
"""
"""What a provider's process imports with the project's folder first, and then uses."""
CHECK = """
from decimal import Decimal
import httpx, anyio
from tornado_resource.declarations.values import session_problems
assert session_problems("a", {"pathway_id": "x y"})
"""


@pytest.mark.parametrize("name", ["numbers", "hashlib", "linecache"])
def test_a_provider_gets_what_pulumi_has_imported_from_the_project(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.py").write_text("MINE = True", encoding="utf-8")
    ran = run(f"{PROVIDER}import {name}\nassert {name}.MINE\n{USE}{CHECK}", tmp_path)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("name", ["numbers", "_csv"])
def test_a_file_hides_no_module_that_another_one_imports(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.py").write_text("MINE = True", encoding="utf-8")
    ran = run("import os, sys; sys.path.insert(0, os.getcwd()); import tornado_resource, csv, decimal", tmp_path)
    assert ran.returncode == 0, ran.stderr


def test_a_folder_without_modules_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "statistics").mkdir()
    program = "import tornado_resource; assert 'csv' not in sys.modules"
    ran = run(f"import os, sys; sys.path[:1] = [os.getcwd(), '/no/such/folder']; {program}", tmp_path)
    assert ran.returncode == 0, ran.stderr
