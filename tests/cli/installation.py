"""An installation under test: runs the command in this process or in one that dies, and reads every row behind it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, create_engine, inspect, make_url, select, text

from admin_app.cli import main
from models.database import Database
from models.tables import Base
from models.vault import Keystore

ROOT = Path(__file__).resolve().parents[2]
DEADLY = """
import importlib, os, signal, sys
module, name, call = importlib.import_module({module!r}), {name!r}, {call}
real, calls = getattr(module, name), []
def deadly(*args, **kwargs):
    calls.append(name)
    if len(calls) == call:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **kwargs)
setattr(module, name, deadly)
{first}
from admin_app.cli import main
sys.argv = ["shouwang", *{words!r}]
main()
"""
CRAMPED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
{first}
from admin_app.cli import main
sys.argv = ["shouwang", *{words!r}]
main()
"""


@dataclass(frozen=True)
class Installation:
    """A folder with keys, and addresses of the database: the application's and the owner's."""

    folder: Path
    url: str = ""
    owner_url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """The settings of this installation and no others."""
        others = {key: value for key, value in os.environ.items() if not key.startswith("SHOUWANG_")}
        own = {"INSTANCE": str(self.folder), "DATABASE": self.url, "OWNER_DATABASE": self.owner_url}
        return others | {f"SHOUWANG_{name}": value for name, value in own.items() if value}

    @property
    def keys(self) -> Path:
        """The file of the keystore."""
        return self.folder / "keys.json"

    @property
    def file(self) -> Path:
        """The database file on SQLite."""
        return self.folder / "shouwang.db"

    @property
    def is_sqlite(self) -> bool:
        """Tell whether the database is a file of the folder."""
        return not self.url

    def run(self, *words: object, said: str = "") -> tuple[int, Any, str]:
        """Run the command in this process; returns exit code, standard output (parsed with `--json`) and error."""
        with pytest.MonkeyPatch.context() as patch:
            for name in [key for key in os.environ if key.startswith("SHOUWANG_")]:
                patch.delenv(name)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["shouwang", *map(str, words)])
            patch.setattr("models.whole_file._flush", lambda path: None)  # a test need not survive a power cut
            with CliRunner().isolation(input=said) as (out, err, _):
                try:
                    main()
                except SystemExit as end:
                    code = end.code
                printed, complaint = out.getvalue().decode(), err.getvalue().decode()
        assert isinstance(code, int)
        return code, json.loads(printed) if "--json" in words and printed else printed, complaint

    def run_to_death(self, *words: object, at: tuple[str, str, int], first: str = "") -> int:
        """Run the command in a process that kills itself when a function of a module is called for the nth time."""
        module, name, call = at
        script = DEADLY.format(module=module, name=name, call=call, first=first, words=list(map(str, words)))
        return self._python(script).returncode

    def run_cramped(self, limit: int, *words: object, first: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command in a process that can make no file longer than some bytes."""
        return self._python(CRAMPED.format(limit=limit, first=first, words=list(map(str, words))))

    def _python(self, script: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", script]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The database, as the application opens it."""
        database = Database(self.url or f"sqlite:///{self.file}", Keystore.load(self.keys), pooled=False)
        yield database
        database.dispose()

    @contextmanager
    def unwalled(self) -> Iterator[Engine]:
        """The database as somebody for whom no wall stands."""
        url = make_url(self.url or f"sqlite:///{self.file}")
        engine = create_engine(url if self.is_sqlite else url.set(username="postgres"))
        yield engine
        engine.dispose()

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table, in the order of its key."""
        with self.unwalled() as engine, engine.connect() as connection:
            return {
                table.name: sorted(
                    (tuple(row) for row in connection.execute(select(table))),
                    key=lambda row, table=table: [row[list(table.columns).index(c)] for c in table.primary_key],  # type: ignore[misc]
                )
                for table in Base.metadata.sorted_tables
            }

    def tables(self) -> list[str]:
        """The names of the tables that there are."""
        if self.is_sqlite and not self.file.exists():
            return []
        with self.unwalled() as engine:
            return inspect(engine).get_table_names()

    def structure(self) -> set[str]:
        """Every index, trigger, link, wall, grant as the database itself writes it down."""
        with self.unwalled() as engine, engine.connect() as connection:
            if self.is_sqlite:
                return set(connection.execute(text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")).scalars())
            return {str(tuple(row)) for query in STRUCTURE for row in connection.execute(text(query))}


STRUCTURE = (
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = 'public'::regnamespace",
    "SELECT tablename, policyname, permissive, roles, cmd, qual, with_check FROM pg_policies",
    "SELECT relname, relrowsecurity, relforcerowsecurity, relacl, relowner::regrole FROM pg_class "
    "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')",
    "SELECT tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
)
