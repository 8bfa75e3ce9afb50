"""The architecture is checked, not only drawn: what may import what, and how large a module may grow.

The contracts stand in pyproject.toml. Each of them is shown to bite on a copy of the package.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
MODULES = sorted((PROJECT / "connector").rglob("*.py"))
LONGEST_MODULE = 400  # lines
LONGEST_FUNCTION = 35  # lines, for nine functions in ten


def lint_imports(project: Path) -> subprocess.CompletedProcess[str]:
    """The import linter on a project folder; the package in that folder comes before an installed one."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "connector", tmp_path / "connector", ignore=ignore)
    return tmp_path


def functions() -> Iterator[int]:
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield (node.end_lineno or node.lineno) - node.lineno + 1


def test_the_project_keeps_its_import_contracts() -> None:
    done = lint_imports(PROJECT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "forbidden", "contract"),
    [
        ("policy", "from connector.journal import SqliteJournal", "Layers"),
        ("journey", "from connector.gateways import open_gateway", "Layers"),
        ("model", "from connector.errors import ConnectorError", "Layers"),
        ("wiring", "from connector.service import Service", "Layers"),
        ("inbox/scan", "from connector.outbox import OutboxScribe", "Layers"),
        ("validation/pool", "from connector.gateways import EventLoop", "Layers"),
        ("gateways/afnor", "from connector.journey import send", "Rooms know"),
        ("outbox/scribe", "from connector.effects import Effects", "Rooms know"),
        ("gateways/body", "from connector.documents import recognise", "Only validation"),
        ("policy", "import time", "The model and the decisions"),
        ("gateways/afnor", "import httpx", "Each outside library"),
        ("outbox/scribe", "import sqlite3", "Each outside library"),
        ("inbox/scan", "import watchdog", "Each outside library"),
        ("documents/facturx", "import pypdf", "Each outside library"),
        ("checks", "import pydantic_settings", "Each outside library"),
        ("service", "import click", "Each outside library"),
        ("service", "from rich.console import Console", "Each outside library"),
    ],
)
def test_a_forbidden_import_breaks_its_contract(
    copy: Path, module: str, forbidden: str, contract: str
) -> None:
    source = copy / "connector" / f"{module}.py"
    source.write_text(f"{source.read_text('utf-8')}\n{forbidden}\n", "utf-8")
    done = lint_imports(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    broken = [line for line in done.stdout.splitlines() if "BROKEN" in line]
    assert any(line.startswith(contract) for line in broken), done.stdout


def test_a_new_module_has_to_be_given_its_place(copy: Path) -> None:
    (copy / "connector" / "somewhere.py").write_text('"""Of no layer."""\n', "utf-8")
    done = lint_imports(copy)
    assert done.returncode != 0
    assert "somewhere" in done.stdout + done.stderr


def test_the_same_copy_without_a_change_is_kept(copy: Path) -> None:
    done = lint_imports(copy)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_grows_beyond_a_hard_stop() -> None:
    lengths = {module: len(module.read_text("utf-8").splitlines()) for module in MODULES}
    assert [module for module, lines in lengths.items() if lines > LONGEST_MODULE] == []


def test_every_module_says_what_it_is_for() -> None:
    assert [module for module in MODULES if not ast.get_docstring(ast.parse(module.read_text("utf-8")))] == []


def test_nine_functions_in_ten_fit_on_a_screen() -> None:
    lengths = sorted(functions())
    assert lengths[len(lengths) * 9 // 10] <= LONGEST_FUNCTION
