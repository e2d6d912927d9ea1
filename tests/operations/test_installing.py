"""Installing, upgrading and checking an installation from the shell: exact answers, and words for whatever is wrong."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import create_engine, select
from sqlalchemy import text as sql

from admin_app.cli import main
from models.database import Database
from models.schema_version import newest_version
from models.scope import system_scope
from models.staff import Staff
from models.vault import Keystore

PASSWORDS = {"sysadmin": "shan-gao-shui-chang-1", "secadmin": "ri-chu-dong-fang-2"}
CHECKS = ("configuration", "disk", "keys", "database", "definitions", "walls", "keys_fit", "clock", "backup",
          "calendar", "worker")  # fmt: skip
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in an instance folder of its own; returns exit code, standard output and error."""
    monkeypatch.setenv("SHOUWANG_INSTANCE", str(tmp_path / "instance"))
    for name in ("SHOUWANG_DATABASE", "SHOUWANG_OWNER_DATABASE", "SHOUWANG_KEYS"):
        monkeypatch.delenv(name, raising=False)

    def command(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["shouwang", *words])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        code = end.value.code
        assert isinstance(code, int)
        return code, printed.out, printed.err

    return command


@pytest.fixture
def passwords(tmp_path: Path) -> str:
    """A file with the passwords of the first two officers."""
    path = tmp_path / "passwords.json"
    path.write_text(json.dumps(PASSWORDS))
    return str(path)


def _checks(printed: str) -> dict[str, bool]:
    answer: dict[str, Any] = json.loads(printed)
    assert answer["ok"] == all(check["ok"] for check in answer["checks"])
    return {check["name"]: check["ok"] for check in answer["checks"]}


def test_init_makes_keys_schema_and_two_officers_who_must_change_their_passwords(
    run: Run, passwords: str, tmp_path: Path
) -> None:
    code, printed, _ = run("init", "--passwords-file", passwords, "--city", "清州市", "--json")
    folder = tmp_path / "instance"
    assert code == 0
    assert json.loads(printed) == {"database": f"sqlite:///{folder}/shouwang.db", "version": newest_version()}
    assert stat.S_IMODE((folder / "keys.json").stat().st_mode) == 0o600
    database = Database(f"sqlite:///{folder}/shouwang.db", Keystore.load(folder / "keys.json"))
    with database.session(system_scope("tests")) as session:
        people = {person.login: person for person in session.scalars(select(Staff))}
        assert {login: [post.role for post in p.appointments] for login, p in people.items()} == {
            "sysadmin": ["system_officer"],
            "secadmin": ["security_officer"],
        }
        assert all(person.is_active for person in people.values())
        for login, password in PASSWORDS.items():
            assert PasswordHasher().verify(people[login].password_hash or "", password)
    database.dispose()
    code, printed, _ = run("doctor", "--json")
    assert _checks(printed) | {"disk": True} == dict.fromkeys(CHECKS, True)


def test_init_refuses_a_second_time(run: Run, passwords: str) -> None:
    assert run("init", "--passwords-file", passwords)[0] == 0
    code, printed, said = run("init", "--passwords-file", passwords, "--json")
    assert (code, printed) == (2, "")
    assert "已经安装过" in said


def test_init_with_a_weak_password_stores_nobody_and_can_be_repeated(run: Run, passwords: str, tmp_path: Path) -> None:
    weak = tmp_path / "weak.json"
    weak.write_text(json.dumps(PASSWORDS | {"secadmin": "1234567890"}))
    code, _, said = run("init", "--passwords-file", str(weak))
    assert code == 1
    assert "太常见" in said
    assert "secadmin" in said
    assert not (tmp_path / "instance").exists()
    assert run("init", "--passwords-file", passwords)[0] == 0


def test_init_takes_a_passwords_file_that_begins_with_a_mark(run: Run, passwords: str) -> None:
    Path(passwords).write_bytes("\ufeff".encode() + Path(passwords).read_bytes())
    assert run("init", "--passwords-file", passwords)[0] == 0


def test_init_without_a_terminal_says_how_to_give_passwords_and_makes_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("click.termui.hidden_prompt_func", nobody)
    code, printed, said = run("init")
    assert (code, printed) == (2, "")
    assert "--passwords-file" in said
    assert not (tmp_path / "instance").exists()


def _typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> list[str]:
    """Let somebody type these lines; returns the prompts that they are shown."""
    rest, prompts = list(lines), []

    def type_unseen(prompt: str) -> str:
        prompts.append(prompt)
        return rest.pop(0)

    monkeypatch.setattr("click.termui.hidden_prompt_func", type_unseen)
    return prompts


def test_init_asks_again_for_a_weak_password_and_for_two_that_differ(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = PASSWORDS.values()
    _typed(monkeypatch, "short", one, two, one, one, two, two)
    code, _, said = run("init")
    assert code == 0
    assert "至少 10 个字符" in said
    assert "两遍不一样" in said


def test_init_asks_nobody_for_passwords_of_an_installation_in_use(
    run: Run, passwords: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("init", "--passwords-file", passwords)
    prompts = _typed(monkeypatch)
    code, _, said = run("init")
    assert (code, prompts) == (2, [])
    assert "已经安装过" in said


def test_init_twice_at_once_installs_once(run: Run, passwords: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("init", "--passwords-file", passwords)[0] == 0
    monkeypatch.setattr("admin_app.cli.init._refuse_again", lambda settings: None)  # it was not yet there to be seen
    code, _, said = run("init", "--passwords-file", passwords)
    assert code == 2
    assert "已经安装过" in said


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '{"sysadmin": "x"}', "\x00"])
def test_init_says_what_a_passwords_file_should_hold(run: Run, tmp_path: Path, content: str) -> None:
    file = tmp_path / "broken.json"
    file.write_text(content)
    code, _, said = run("init", "--passwords-file", str(file))
    assert code == 2
    assert "sysadmin" in said


def test_init_draws_no_new_keys_for_a_database_whose_keys_are_missing(run: Run, passwords: str, tmp_path: Path) -> None:
    assert run("init", "--passwords-file", passwords)[0] == 0
    keys = tmp_path / "instance" / "keys.json"
    kept = keys.read_text()
    keys.unlink()
    code, _, said = run("init", "--passwords-file", passwords)
    assert code == 2
    assert "密钥文件" in said
    assert not keys.exists()
    keys.write_text(kept)
    assert "已经安装过" in run("init", "--passwords-file", passwords)[2]


@pytest.mark.parametrize("words", [("serve",), ("upgrade",), ("case", "list", "--as", "qin"), ("doctor",)])
def test_a_command_before_the_installation_says_that_the_keys_are_missing(run: Run, words: tuple[str, ...]) -> None:
    code, printed, said = run(*words)
    assert code == (1 if words == ("doctor",) else 2)
    assert "keys.json" in printed + said


@pytest.mark.parametrize("content", ["", "{", "\x00", '{"wrapping": {}}'])
def test_damaged_keys_are_not_taken_for_a_missing_installation(run: Run, tmp_path: Path, content: str) -> None:
    (tmp_path / "instance").mkdir()
    (tmp_path / "instance" / "keys.json").write_text(content)
    for words in (("serve",), ("upgrade",), ("case", "list", "--as", "qin"), ("doctor",)):
        code, printed, said = run(*words)
        assert code == (1 if words == ("doctor",) else 2)
        assert "已损坏" in printed + said
        assert "init" not in printed + said


def test_a_folder_that_cannot_be_made_is_named(run: Run, passwords: str, tmp_path: Path) -> None:
    (tmp_path / "instance").write_text("a file in the way")
    code, _, said = run("init", "--passwords-file", passwords)
    assert code == 1
    assert str(tmp_path / "instance") in said


def test_doctor_says_once_that_a_database_does_not_answer(run: Run, tmp_path: Path) -> None:
    Keystore.draw().save(tmp_path / "instance" / "keys.json")
    _, printed, _ = run("--database", f"sqlite:///{tmp_path}/nowhere/office.db", "doctor", "--json")
    assert list(_checks(printed)) == ["configuration", "disk", "keys", "database"]


def test_doctor_names_keys_that_others_can_read_and_an_old_schema(run: Run, passwords: str, tmp_path: Path) -> None:
    run("init", "--passwords-file", passwords)
    (tmp_path / "instance" / "keys.json").chmod(0o644)
    engine = create_engine(f"sqlite:///{tmp_path}/instance/shouwang.db")
    with engine.begin() as connection:
        connection.execute(sql("UPDATE alembic_version SET version_num = '0001'"))
    engine.dispose()
    code, printed, _ = run("doctor", "--json")
    found = _checks(printed)
    assert code == 1
    assert (found["keys"], found["database"], found["walls"]) == (False, False, True)
    code, _, said = run("serve")
    assert code == 2
    assert "shouwang upgrade" in said


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_serve_opens_no_door_to_others_without_tls(run: Run, passwords: str, host: str) -> None:
    run("init", "--passwords-file", passwords)
    code, _, said = run("serve", "--host", host)
    assert code == 2
    assert "--tls" in said


def test_a_setting_that_cannot_be_used_ends_the_command_with_its_name(run: Run) -> None:
    code, printed, said = run("--database", "mysql://x", "doctor", "--json")
    assert (code, printed) == (2, "")
    assert "SHOUWANG_DATABASE" in said


def test_a_database_that_does_not_answer_ends_the_command_in_words(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Keystore.draw().save(tmp_path / "instance" / "keys.json")
    nowhere = tmp_path / "no-such-folder" / "office.db"
    code, _, said = run("--database", f"sqlite:///{nowhere}", "upgrade")
    assert code == 1
    assert "数据库没有应答" in said
    code, printed, _ = run("--database", f"sqlite:///{nowhere}", "doctor", "--json")
    assert code == 1
    assert _checks(printed)["database"] is False


def test_an_unknown_command_is_a_wrong_call_and_help_is_not(run: Run) -> None:
    assert run("no-such-command")[0] == 2
    code, printed, _ = run("--help")
    assert code == 0
    assert {"init", "serve", "upgrade", "doctor"} <= set(printed.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("no-such-command", "没有命令 no-such-command。"),
        ("case nosuch", "没有命令 nosuch。"),
        ("--nosuch", "没有选项 --nosuch。"),
        ("demo --siez city", "没有选项 --siez。 是不是 '--size'？"),
        ("case list", "缺少 --as。"),
        ("backup", "缺少 FILE。"),
        ("serve --port", "--port 后面要写值。"),
        ("serve --tls cert.pem", "--tls 后面要写 2 个值。"),
        ("doctor --json=yes", "--json 后面不写值。"),
        ("upgrade now", "多写了：now。"),
        ("serve --port x", "--port 不对：“x”不是整数。"),
        ("serve --port 99999", "--port 不对：99999 不在 1<=x<=65535 之内。"),
        ("demo --size big", "--size 不对：“big”不在可选之列：'school', 'county', 'city'。"),
        ("demo --as-of 1.9.2026", "--as-of 不对：“1.9.2026”不是日期，应写成 2026-09-01 的样子。"),
        ("restore nowhere.zip", "FILE 不对：没有“nowhere.zip”。"),
        ("restore /", "FILE 不对：“/”是文件夹，应为文件。"),
    ],
)
def test_a_wrong_call_is_told_in_chinese_and_where_to_read_more(run: Run, words: str, told: str) -> None:
    code, printed, said = run(*words.split())
    assert (code, printed) == (2, "")
    assert said.splitlines()[0] == told
    assert "--help" in said.splitlines()[1]


def test_help_loads_neither_the_site_nor_the_server() -> None:
    look = (
        "import sys\nfrom admin_app.cli import main\nsys.argv = ['shouwang', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'flask', 'flask_admin', 'granian', 'alembic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_on_postgresql_the_owner_migrates_and_the_application_stands_behind_the_walls(
    run: Run, passwords: str, postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = postgresql.url
    owner = application.set(username="office_owner")
    monkeypatch.setenv("SHOUWANG_DATABASE", application.render_as_string(hide_password=False))
    monkeypatch.setenv("SHOUWANG_OWNER_DATABASE", owner.render_as_string(hide_password=False))
    emptied = create_engine(owner)
    with emptied.begin() as connection:
        connection.execute(sql("DROP SCHEMA public CASCADE"))
        connection.execute(sql("CREATE SCHEMA public"))
    emptied.dispose()
    code, printed, said = run("init", "--passwords-file", passwords, "--json")
    assert code == 0, said
    assert json.loads(printed)["version"] == newest_version()
    code, printed, _ = run("doctor", "--json")
    assert _checks(printed)["walls"] is True
    monkeypatch.setenv("SHOUWANG_DATABASE", owner.render_as_string(hide_password=False))
    code, printed, _ = run("doctor", "--json")
    assert (code, _checks(printed)["walls"]) == (1, False)
