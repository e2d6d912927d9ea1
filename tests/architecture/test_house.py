"""The house stands as its plan says: one arrow, small rooms, no import in a function, every table in a scope."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from models.base import Base
from models.scope import AuditScoped, Scoped
from models.tables import AUDIT_SCOPED, SCOPED, UNSCOPED

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("admin_app", "workflows", "models", "migrations")
MODULES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
LONGEST_MODULE, LONGEST_FUNCTION = 400, 50


def test_the_arrows_between_the_rooms_hold() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_table_is_scoped_or_says_why_it_is_not() -> None:
    mapped = {mapper.class_ for mapper in Base.registry.mappers}
    assert {cls for cls in mapped if issubclass(cls, Scoped)} == set(SCOPED)
    assert {cls for cls in mapped if issubclass(cls, AuditScoped)} == set(AUDIT_SCOPED)
    assert mapped == {*SCOPED, *AUDIT_SCOPED, *UNSCOPED}
    assert all(len(reason) > 10 for reason in UNSCOPED.values())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_small_says_what_it_is_for_and_imports_at_its_top(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    assert ast.get_docstring(tree), "a module opens with a sentence saying what it is for"
    if "versions" not in path.parts:
        assert source.count("\n") <= LONGEST_MODULE
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if "versions" not in path.parts:
            assert (node.end_lineno or 0) - node.lineno <= LONGEST_FUNCTION, node.name
        inside = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
        assert not inside, f"{node.name} imports inside"


def test_core_sql_stands_in_the_engine_and_the_reports_only() -> None:
    allowed = {"models", "migrations"}
    exceptions = {"workflows/audit.py", "admin_app/cli/doctor.py"}
    for path in MODULES:
        name = path.relative_to(ROOT).as_posix()
        if name.split("/")[0] in allowed or name in exceptions or name.startswith("workflows/engine/"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy"
            for alias in node.names
        }
        assert "text" not in imported, f"{name} writes SQL by hand"
