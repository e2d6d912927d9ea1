"""The page on running an installation can be followed: its commands are carried out here, in the order of the page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "running.md"
CHINESE = PAGE.with_name("running.zh-CN.md")
PASSWORDS = "shan-gao-shui-chang-1\n" * 2 + "ri-chu-dong-fang-2\n" * 2
BLOCK = re.compile(r"^```(sh|sql|ini)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, heading: str, kind: str) -> list[str]:
    """Return the blocks of one kind below a heading."""
    section = page.read_text(encoding="utf-8").partition(f"\n## {heading}")[2].partition("\n## ")[0]
    return [content for language, content in BLOCK.findall(section) if language == kind]


@dataclass(frozen=True)
class Scratch:
    """Where the folders and the server of the page stand in the test."""

    folder: Path
    server: str = ""

    def here(self, said: str) -> str:
        """Put the places of the test in the place of those of the page."""
        for name in ("/srv", "/var/backups", "/etc/shouwang"):
            said = said.replace(name, str(self.folder) + name)
        if not self.server:
            return said
        url = make_url(self.server)
        said = said.replace("@db/shouwang", f"@/{self.database}?host={url.query['host']}")
        return re.sub(r"shouwang_(owner|app)\b", rf"{self.database}_\1", said)

    @property
    def database(self) -> str:
        """A name of this test for the database, and the beginning of its roles."""
        return f"p{os.getpid()}"

    def follow(self, heading: str) -> str:
        """Carry out the commands below a heading; returns what they printed."""
        script = "set -e\n" + "\n".join(blocks(PAGE, heading, "sh"))
        own = Path(sys.executable).parent
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SHOUWANG_")}
        environment |= {"PATH": f"{self.program}:{own}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            ["sh", "-c", self.here(script)],
            input=PASSWORDS,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,  # no terminal: passwords are read from the input
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def program(self) -> Path:
        """A folder with the command of this checkout."""
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "shouwang").write_text(f'#!/bin/sh\nexec {sys.executable} -m admin_app "$@"\n')
        (folder / "shouwang").chmod(0o755)
        return folder


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    """Empty folders, as root would have made them."""
    for name in ("srv", "var/backups/shouwang", "etc/shouwang"):
        (tmp_path / name).mkdir(parents=True)
    return Scratch(tmp_path)


def _as_superuser(server: str, statements: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in filter(str.strip, statements.split(";")):
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def city(scratch: Scratch, postgres_server: str) -> Scratch:
    """The same beside a server on which the roles and the database of the page are made."""
    made = Scratch(scratch.folder, postgres_server)
    [statements] = blocks(PAGE, "A city on PostgreSQL", "sql")
    _as_superuser(postgres_server, f"DROP DATABASE IF EXISTS {made.database}")
    for role in ("owner", "app"):
        _as_superuser(postgres_server, f"DROP ROLE IF EXISTS {made.database}_{role}")
    _as_superuser(postgres_server, made.here(statements).replace("DATABASE shouwang", f"DATABASE {made.database}"))
    return made


def test_a_school_installs_backs_up_rehearses_upgrades_and_moves_to_postgresql(city: Scratch) -> None:
    told = city.follow("One school on SQLite, as a service")
    assert "✗" not in told
    assert "已备份到" in city.follow("Back up")
    told = city.follow("Rehearse it")
    assert "已恢复" in told
    assert "✗" not in told
    assert not (city.folder / "var" / "backups" / "shouwang" / "rehearsal").exists()
    assert "没有改动" in city.follow("Upgrade")
    told = city.follow("From SQLite to PostgreSQL")
    assert "✗" not in told
    assert "行级权限有效" in told


def test_a_city_installs_on_postgresql(city: Scratch) -> None:
    told = city.follow("A city on PostgreSQL")
    assert "行级权限有效" in told
    assert "✗" not in told


def test_both_languages_give_the_same_commands_and_files() -> None:
    english, chinese = (BLOCK.findall(page.read_text(encoding="utf-8")) for page in (PAGE, CHINESE))
    assert english == chinese
    assert len(english) > 10


def test_every_check_of_the_doctor_is_told() -> None:
    source = (ROOT / "admin_app" / "cli" / "doctor.py").read_text(encoding="utf-8")
    names = set(re.findall(r'Check\("(\w+)"', source)) | set(re.findall(r'^    \("(\w+)", _', source, re.MULTILINE))
    for page in (PAGE, CHINESE):
        assert [name for name in names if f"`{name}`" not in page.read_text(encoding="utf-8")] == []
    assert len(names) == 11
