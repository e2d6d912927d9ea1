"""A restoration gives back every row on either database, or changes nothing and says why."""

from __future__ import annotations

import json
import random
import signal
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from models.audit import AuditEvent
from models.backup.fault import BackupFault
from models.backup.pack import Pack
from models.backup.restoring import SEQUENCES
from models.backup.sealed_keys import mark_of
from models.case import Case
from models.child import Child, NameGram, Relative
from models.database import Database
from models.draft import Draft
from models.outbox import OutboxMessage
from models.schema import downgrade, drift
from models.schema_version import newest_version, present_version
from models.scope import system_scope
from models.setting import Setting
from models.staff import Staff
from models.types import new_id
from models.vault import Keystore, learn_keys
from tests.cli.conftest import Blank
from tests.cli.installation import Installation
from workflows import audit
from workflows.operations.backup import record_backup

TRAIL = ("audit_event", "audit_pending")
ODD = "行\\N\t\"'\\\\ \u2028 𠮷 %s :x {} \r\n"
PAYLOAD = {"b": None, "a": [1, 2.5, -0.0, {"深": ODD}], "long": 2**62, "yes": True}


def _odd_rows(installation: Installation) -> None:
    """Put in values on which writing and reading back has failed elsewhere."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with installation.database() as database, database.transaction(system_scope("tests")) as session:
        staff = session.scalars(select(Staff.id).order_by(Staff.id).limit(1)).one()
        session.add(Setting(key="odd", value=ODD))
        session.add(Setting(key="empty", value=""))
        session.add(OutboxMessage(topic="t", channel="c", recipient=ODD, payload=PAYLOAD, made_at=now, due_at=now))
        session.add(Draft(id=new_id(), staff_id=staff, place=ODD, content_sealed=bytes(range(256)), saved_at=now))


def _backup(installation: Installation, file: Path, *options: object) -> dict[str, Any]:
    code, made, said = installation.run("backup", file, *(options or ("--without-keys",)), "--json")
    assert code == 0, said or made
    return dict(made)


def _restored(target: Installation, file: Path, *options: object) -> dict[str, Any]:
    code, done, said = target.run("restore", file, *options, "--json")
    assert code == 0, said or done
    return dict(done)


def _without_backups(rows: dict[str, list[tuple[Any, ...]]], count: int) -> dict[str, list[tuple[Any, ...]]]:
    """Leave out the last events, which tell of backups and restorations."""
    return {name: kept[: len(kept) - count] if name in TRAIL else kept for name, kept in rows.items()}


def test_a_way_to_postgresql_and_back_gives_back_every_row(
    school: Installation, blank: Blank, tmp_path: Path, passphrase: Path
) -> None:
    _odd_rows(school)
    with_keys = ("--passphrase-file", passphrase)
    first = school.rows()
    _backup(school, tmp_path / "1.zip", *with_keys)
    city, again = blank("postgresql"), blank("sqlite")
    there = _restored(city, tmp_path / "1.zip", *with_keys)
    assert _without_backups(city.rows(), 1) == first
    _backup(city, tmp_path / "2.zip", *with_keys)  # as the application role, which owns nothing
    back = _restored(again, tmp_path / "2.zip", *with_keys)
    assert _without_backups(again.rows(), 2) == first
    assert (there["events"], back["events"]) == (len(first["audit_event"]), len(first["audit_event"]) + 1)
    assert there["events_changed"] == back["events_changed"] == 0
    assert school.keys.read_text() == again.keys.read_text()
    for installation in (city, again):
        _code, seen, said = installation.run("doctor", "--json")
        # Nothing is wrong but that no worker runs here, for which the restored clocks wait.
        assert [check["name"] for check in seen["checks"] if not check["ok"]] == ["worker"], said or seen


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_walls_triggers_links_and_indexes_are_those_of_a_fresh_database(
    kind: str, small: Installation, blank: Blank, tmp_path: Path
) -> None:
    fresh, target = blank(kind), blank(kind)
    for installation in (fresh, target):
        installation.folder.mkdir()
        installation.keys.write_bytes(small.keys.read_bytes())
        installation.keys.chmod(0o600)
    assert fresh.run("upgrade")[0] == 0
    _restored(target, _made(small, tmp_path))
    assert target.structure() == fresh.structure()
    assert target.structure()


def _made(installation: Installation, folder: Path, *options: object) -> Path:
    _backup(installation, folder / "made.zip", *options)
    return folder / "made.zip"


def _with_keys_of(source: Installation, target: Installation) -> Installation:
    target.folder.mkdir(exist_ok=True)
    target.keys.write_bytes(source.keys.read_bytes())
    return target


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_trail_goes_on_where_the_backup_ended_and_tells_of_the_restoration(
    kind: str, small: Installation, blank: Blank, tmp_path: Path
) -> None:
    last = len(small.rows()["audit_event"])
    target = _with_keys_of(small, blank(kind))
    made = _backup(small, tmp_path / "one.zip")
    _restored(target, tmp_path / "one.zip")
    with target.database() as database:
        record_backup(database, {"name": "next"}, datetime.now(UTC))
        with database.session(system_scope("tests"), kind="audit") as session:
            *_, restored, following = session.scalars(select(AuditEvent).order_by(AuditEvent.id))
            assert (restored.id, restored.action, following.id) == (last + 1, "backup.restored", last + 2)
            assert audit.is_genuine(session, restored)
            assert audit.body_of(session, restored)["facts"] == {
                "sha256": made["sha256"], "made_at": made["made_at"], "rows": made["rows"], "last": last,
            }  # fmt: skip


def test_every_sequence_is_set(small: Installation, blank: Blank, tmp_path: Path) -> None:
    target = _with_keys_of(small, blank("postgresql"))
    _restored(target, _made(small, tmp_path))
    with target.unwalled() as engine, engine.connect() as connection:
        assert set(connection.execute(text("SELECT sequencename FROM pg_sequences")).scalars()) == set(SEQUENCES)


def test_protected_values_open_after_the_move(school: Installation, blank: Blank, tmp_path: Path) -> None:
    target = _with_keys_of(school, blank("postgresql"))
    _restored(target, _made(school, tmp_path))

    def phones(installation: Installation) -> list[str | None]:
        with installation.database() as database, database.session(system_scope("tests")) as session:
            relatives = session.scalars(select(Relative).order_by(Relative.id).limit(200)).all()
            learn_keys(session, [relative.child_id for relative in relatives])
            return [relative.phone for relative in relatives]

    assert phones(target) == phones(school)
    assert any(phones(target))


def test_numbers_left_out_by_postgresql_are_kept(small: Installation, blank: Blank, tmp_path: Path) -> None:
    city, again = _with_keys_of(small, blank("postgresql")), _with_keys_of(small, blank("sqlite"))
    _restored(city, _made(small, tmp_path))
    with city.unwalled() as engine, engine.begin() as connection:
        connection.execute(text("SELECT setval('audit_event_number', 5000)"))
    with city.database() as database:
        record_backup(database, {}, datetime.now(UTC))
    _backup(city, tmp_path / "gap.zip")
    _restored(again, tmp_path / "gap.zip")
    assert [row[-1] for row in again.rows()["audit_pending"]][-2:] == [5001, 5002]


def test_a_trail_that_was_changed_before_the_backup_is_restored_and_told(
    small: Installation, blank: Blank, tmp_path: Path
) -> None:
    with small.unwalled() as engine, engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_event_no_update"))
        connection.execute(text("UPDATE audit_event SET actor_name = 'nobody' WHERE id IN (2, 3)"))
    target = _with_keys_of(small, blank("sqlite"))
    code, done, _ = target.run("restore", _made(small, tmp_path), "--json")
    assert (code, done["events_changed"], done["first_changed"]) == (1, 2, 2)
    assert target.rows()["place"] == small.rows()["place"]


def _refused(target: Installation, file: Path, *options: object, code: int = 1) -> tuple[str, str]:
    """Restore, and see that nothing was changed; returns code and sentence."""
    had_keys = target.keys.exists()
    ended, done, said = target.run("restore", file, *options, "--json")
    assert ended == code, done
    assert target.tables() == []
    assert target.keys.exists() is had_keys
    assert not list(target.folder.glob(".*")) if target.folder.exists() else True
    return done["refused"]["code"], said


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_wrong_passphrase_opens_nothing(
    kind: str, small: Installation, blank: Blank, tmp_path: Path, passphrase: Path
) -> None:
    file = _made(small, tmp_path, "--passphrase-file", passphrase)
    passphrase.write_text("something else 12")
    assert _refused(blank(kind), file, "--passphrase-file", passphrase)[0] == "wrong_passphrase"


def test_a_backup_without_keys_wants_those_of_the_installation(
    small: Installation, blank: Blank, tmp_path: Path
) -> None:
    target, file = blank("sqlite"), _made(small, tmp_path)
    code, said = _refused(target, file)
    assert code == "keys_missing"
    assert "keys.json" in said
    Keystore.draw().save(target.keys)
    assert _refused(target, file)[0] == "other_keys"
    target.keys.write_bytes(b"{}")
    assert _refused(target, file)[0] == "other_keys"
    _restored(_with_keys_of(small, target), file)


def test_keys_in_place_are_used_and_the_passphrase_is_not_asked(
    small: Installation, blank: Blank, tmp_path: Path, passphrase: Path
) -> None:
    target = _with_keys_of(small, blank("sqlite"))
    assert _restored(target, _made(small, tmp_path, "--passphrase-file", passphrase))["keys"] == "in_place"


def test_without_a_terminal_a_passphrase_is_asked_for_in_words(
    small: Installation, blank: Blank, tmp_path: Path, passphrase: Path
) -> None:
    file = _made(small, tmp_path, "--passphrase-file", passphrase)
    assert _refused(blank("sqlite"), file, code=2)[0] == "passphrase_needed"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_it_fills_an_empty_database_only(kind: str, small: Installation, blank: Blank, tmp_path: Path) -> None:
    target, file = _with_keys_of(small, blank(kind)), _made(small, tmp_path)
    _restored(target, file)
    before = target.rows()
    code, done, _ = target.run("restore", file, "--json")
    assert (code, done["refused"]["code"]) == (1, "not_empty")
    assert target.rows() == before


def test_an_empty_file_in_place_is_filled(small: Installation, blank: Blank, tmp_path: Path) -> None:
    target = _with_keys_of(small, blank("sqlite"))
    target.file.write_bytes(b"")
    _restored(target, _made(small, tmp_path))
    assert target.rows()["staff"] == small.rows()["staff"]


def test_a_log_of_another_database_is_not_played_into_the_new_one(
    small: Installation, blank: Blank, tmp_path: Path
) -> None:
    target = _with_keys_of(small, blank("sqlite"))
    target.file.with_name("shouwang.db-wal").write_bytes(b"left over")
    assert _refused(target, _made(small, tmp_path))[0] == "log_left"


def test_without_the_owner_postgresql_says_which_setting_is_missing(
    small: Installation, blank: Blank, tmp_path: Path
) -> None:
    target = _with_keys_of(small, blank("postgresql"))
    code, done, said = Installation(target.folder, target.url).run("restore", _made(small, tmp_path), "--json")
    assert (code, done["refused"]["code"]) == (1, "not_owner")
    assert "SHOUWANG_OWNER_DATABASE" in said


def test_a_row_that_postgresql_does_not_take_takes_everything_back(
    small: Installation, blank: Blank, tmp_path: Path
) -> None:
    with small.unwalled() as engine, engine.begin() as connection:  # SQLite minds no lengths
        connection.execute(text("INSERT INTO setting (key, value) VALUES (:key, 'x')"), {"key": "k" * 100})
    code, said = _refused(_with_keys_of(small, blank("postgresql")), _made(small, tmp_path))
    assert code == "row_refused"
    assert "setting" in said


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_row_that_refers_to_nothing_takes_everything_back(
    kind: str, small: Installation, blank: Blank, tmp_path: Path
) -> None:
    with small.unwalled() as engine, engine.begin() as connection:
        connection.execute(text("DELETE FROM place WHERE code = 'QZ'"))
    assert _refused(_with_keys_of(small, blank(kind)), _made(small, tmp_path))[0] == "broken_links"


# Broken files

Forge = Callable[[dict[str, bytes], Keystore], None]


def _forged(file: Path, keystore: Keystore, forge: Forge) -> Path:
    """Write the backup anew with other members."""
    with zipfile.ZipFile(file) as pack:
        members = {name: pack.read(name) for name in pack.namelist()}
    forge(members, keystore)
    forged = file.with_name("forged.zip")
    with zipfile.ZipFile(forged, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, content in members.items():
            pack.writestr(name, content)
    return forged


def _say(members: dict[str, bytes], **changed: object) -> None:
    members["manifest.json"] = json.dumps(json.loads(members["manifest.json"]) | changed).encode()


def _mark(members: dict[str, bytes], keystore: Keystore) -> None:
    members["manifest.mark"] = mark_of(keystore, members["manifest.json"]).encode()


def _other_row(members: dict[str, bytes], keystore: Keystore) -> None:
    members["tables/place.jsonl"] = members["tables/place.jsonl"].replace("清州市".encode(), "青州市".encode())


def _other_row_and_digest(members: dict[str, bytes], keystore: Keystore) -> None:
    _other_row(members, keystore)
    manifest = json.loads(members["manifest.json"])
    [part] = [part for part in manifest["tables"] if part["name"] == "place"]
    part["sha256"] = sha256(members["tables/place.jsonl"]).hexdigest()
    _say(members, **manifest)


def _row_left_out(members: dict[str, bytes], keystore: Keystore) -> None:
    members["tables/staff.jsonl"] = members["tables/staff.jsonl"].partition(b"\n")[2]


def _marked(change: dict[str, object]) -> Forge:
    def forge(members: dict[str, bytes], keystore: Keystore) -> None:
        _say(members, **change)
        _mark(members, keystore)

    return forge


FORGERIES: dict[str, tuple[Forge, str]] = {
    "another row": (_other_row, "damaged"),
    "another row with its digest": (_other_row_and_digest, "changed"),
    "a row left out": (_row_left_out, "damaged"),
    "a member left out": (lambda members, _: members.pop("tables/setting.jsonl") and None, "damaged"),
    "a member too many": (lambda members, _: members.update({"../../evil": b"x"}), "damaged"),
    "no manifest": (lambda members, _: members.pop("manifest.json") and None, "not_a_backup"),
    "no mark": (lambda members, _: members.pop("manifest.mark") and None, "not_a_backup"),
    "a manifest that is no JSON": (lambda members, _: members.update({"manifest.json": b"{"}), "damaged"),
    "a manifest that says too little": (lambda members, _: _say(members, tables=None), "damaged"),
    "another product": (_marked({"product": "another"}), "wrong_product"),
    "a list for a manifest": (lambda members, _: members.update({"manifest.json": b"[]"}), "wrong_product"),
    "a newer form": (_marked({"format": 2}), "newer_program"),
    "a newer schema": (_marked({"schema_version": "9999"}), "newer_schema"),
    "a schema of another project": (_marked({"schema_version": "../../x"}), "newer_schema"),
    "tables of another schema": (_marked({"schema_version": "0001"}), "damaged"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_backup_is_refused_before_anything_is_written(
    name: str, small: Installation, blank: Blank, tmp_path: Path
) -> None:
    forge, code = FORGERIES[name]
    forged = _forged(_made(small, tmp_path), Keystore.load(small.keys), forge)
    assert _refused(_with_keys_of(small, blank("sqlite")), forged)[0] == code


@pytest.mark.parametrize("part", [0.001, 0.3, 0.9, 0.9999])
def test_a_truncated_file_is_called_so(part: float, small: Installation, blank: Blank, tmp_path: Path) -> None:
    file = _made(small, tmp_path)
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * part)])
    assert _refused(_with_keys_of(small, blank("sqlite")), file)[0] == "truncated"


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00", b"PK", bytes(100_000), "备份".encode()])
def test_a_file_that_is_no_backup_is_called_so(
    content: bytes, small: Installation, blank: Blank, tmp_path: Path
) -> None:
    file = tmp_path / "other.zip"
    file.write_bytes(content)
    assert _refused(_with_keys_of(small, blank("sqlite")), file)[0] == "not_a_backup"


def test_a_file_that_is_not_there_is_a_wrong_call(blank: Blank, tmp_path: Path) -> None:
    assert blank("sqlite").run("restore", tmp_path / "nowhere.zip")[0] == 2


def test_whichever_byte_is_damaged_the_check_passes_over_no_change(small: Installation, tmp_path: Path) -> None:
    file, keystore = _made(small, tmp_path), Keystore.load(small.keys)
    whole = file.read_bytes()
    good = _contents(file, keystore)
    chance = random.Random(20261120)
    broken = 0
    for place in [*chance.sample(range(len(whole)), 60), *range(len(whole) - 40, len(whole))]:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << chance.randrange(8))]) + whole[place + 1 :])
        try:
            assert _contents(file, keystore) == good, f"byte {place}"
        except BackupFault:
            broken += 1
    assert broken > 60


def _contents(file: Path, keystore: Keystore) -> list[bytes]:
    pack = Pack(file)
    try:
        pack.check(keystore)
        return [line for part in pack.manifest.tables for line in pack.lines(part.member)]
    finally:
        pack.close()


# Kills and full disks

DEATHS = [
    ("models.backup.restoring", "_fill_table", 9),
    ("models.backup.restoring", "_set_sequences", 1),
    ("models.backup.restoring", "grant", 1),
    ("admin_app.cli.restore", "record_restoration", 1),
    ("models.whole_file", "_name", 1),
]


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: death[1])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_kill_leaves_an_empty_database_that_can_be_filled_again(
    kind: str, death: tuple[str, str, int], small: Installation, blank: Blank, tmp_path: Path, passphrase: Path
) -> None:
    file, target = _made(small, tmp_path, "--passphrase-file", passphrase), blank(kind)
    words = ("restore", file, "--passphrase-file", passphrase)
    assert target.run_to_death(*words, at=death) == -signal.SIGKILL
    assert target.tables() == []
    assert target.run("serve")[0] == 2
    _restored(target, file, "--passphrase-file", passphrase)
    assert target.rows()["staff"] == small.rows()["staff"]


@pytest.mark.parametrize("limit", [60_000, 400_000])
def test_a_full_disk_leaves_nothing_and_is_named(limit: int, small: Installation, blank: Blank, tmp_path: Path) -> None:
    target, file = _with_keys_of(small, blank("sqlite")), _made(small, tmp_path)
    done = target.run_cramped(limit, "restore", file, "--json")
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["refused"]["code"] == "disk_full"
    assert target.tables() == []
    with suppress(FileNotFoundError):
        assert sorted(path.name for path in target.folder.iterdir()) == ["keys.json"]


# Older backups

FIRST_SCHEMA = Path(__file__).with_name("first_schema.zip")  # of the cast, by the program with schema 0002
FIRST_PASSPHRASE = "the first schema of all"
FIRST_CASES = ["MD-2026-0001", "MD-2026-0002"]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_backup_of_the_first_schema_is_brought_to_the_present_one(
    kind: str, blank: Blank, passphrase: Path, tmp_path: Path
) -> None:
    target = blank(kind)
    passphrase.write_text(FIRST_PASSPHRASE)
    done = _restored(target, FIRST_SCHEMA, "--passphrase-file", passphrase)
    assert (done["version"], done["events_changed"]) == (newest_version(), 0)
    _as_it_was(target)
    owner = Database(target.owner_url or f"sqlite:///{target.file}", Keystore.load(target.keys), pooled=False)
    downgrade(owner.engine, "0002")
    with owner.engine.connect() as connection:
        assert present_version(connection) == "0002"
    owner.dispose()
    assert target.run("upgrade")[0] == 0
    _as_it_was(target)
    with target.unwalled() as engine, engine.connect() as connection:
        assert drift(connection) == []


def _as_it_was(target: Installation) -> None:
    with target.database() as database:
        with database.session(system_scope("tests")) as session:
            children = {child.name: child for child in session.scalars(select(Child))}
            assert set(children) == {"林小禾", "石小满", "白小川", "韦小楠"}
            assert {child.home_phone for child in children.values()} == {"13800002716"}
            grams = session.scalars(select(NameGram.child_id).where(NameGram.gram == "小禾")).all()
            assert set(grams) == {children["林小禾"].id}
            assert [case.number for case in session.scalars(select(Case).order_by(Case.number))] == FIRST_CASES
        with database.session(system_scope("tests"), kind="audit") as session:
            trail = session.scalars(select(AuditEvent)).all()
            assert len(trail) > 5
            assert all(audit.is_genuine(session, event) for event in trail)
