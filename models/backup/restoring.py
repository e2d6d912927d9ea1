"""Restores a backup into an empty database: all of it or nothing, at its own schema first, then at the program's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.pool import NullPool

from models.backup.aside import set_aside
from models.backup.fault import BackupFault, is_full, telling_disk_faults
from models.backup.manifest import Manifest, Part
from models.backup.pack import Pack
from models.backup.sealed_keys import open_keys, prints
from models.backup.shape import Lines, shapes
from models.schema import changing_schema, grant, migrate
from models.schema_version import every_version
from models.vault import KeysMissing, Keystore
from models.whole_file import appearing

BATCH = 2000
WORTH_ANALYSING = 100_000  # rows; below, the planner does as well without figures
SEQUENCES = {"audit_event_number": ("audit_event", "id")}
HURRIED = (
    "PRAGMA journal_mode = OFF",  # the file has no name yet: after a kill it is thrown away
    "PRAGMA synchronous = OFF",
    "PRAGMA temp_store = FILE",
    "PRAGMA cache_size = -131072",
    "PRAGMA mmap_size = 0",
)
Watch = Callable[[str, dict[str, Any]], None]
AtEnd = Callable[[Connection], None]


def check_target(url: str) -> None:
    """Refuse a target that is not empty; raises BackupFault `not_empty`, `in_memory`, `log_left`."""
    target = make_url(url)
    if target.get_backend_name() != "sqlite":
        _check_empty(_plain_engine(url))
        return
    if not target.database or target.database == ":memory:":
        raise BackupFault("in_memory")
    path = Path(target.database)
    if path.exists() and path.stat().st_size:
        _check_empty(_plain_engine(url))
    for ending in ("-wal", "-journal"):
        # A log left over from another file of this name would be played into the new one.
        log = path.with_name(path.name + ending)
        if log.exists() and log.stat().st_size:
            raise BackupFault("log_left", file=log.name)


def _plain_engine(url: str) -> Engine:
    return create_engine(url, poolclass=NullPool)


def _check_empty(engine: Engine) -> None:
    with engine.connect() as connection:
        if inspect(connection).get_table_names():
            raise BackupFault("not_empty")


def check_schema(manifest: Manifest) -> None:
    """Refuse a backup of a schema that this program does not know; raises BackupFault `newer_schema`."""
    if manifest.schema_version not in every_version():
        raise BackupFault("newer_schema", schema=manifest.schema_version, version=manifest.version)


def find_keys(pack: Pack, file: Path, passphrase: Callable[[], str]) -> tuple[Keystore, bool]:
    """Return the keys that open the data, and whether they come out of the backup.

    A keystore in place is used, or refused where it is another one; `passphrase` is asked only without one. Raises
    BackupFault `other_keys`, `keys_missing`, `wrong_passphrase`.
    """
    is_in_place = file.exists()
    if is_in_place:
        try:
            keystore = Keystore.load(file)
        except KeysMissing as fault:
            raise BackupFault("other_keys", file=file.name) from fault
    else:
        sealed = pack.sealed_keys()
        if sealed is None:
            raise BackupFault("keys_missing", file=file.name)
        keystore = open_keys(sealed, passphrase())
    if not pack.manifest.key_prints.items() <= prints(keystore).items():
        raise BackupFault("other_keys" if is_in_place else "changed", file=file.name)
    return keystore, not is_in_place


def restore(url: str, pack: Pack, watch: Watch, at_end: AtEnd, *, application_role: str | None = None) -> None:
    """Fill an empty database from a checked backup; `url` is the owner's.

    `watch` is told every row of the audit trail; `at_end` is called on the filled database, at the program's schema,
    inside the same transaction. Raises BackupFault.
    """

    def fill(connection: Connection) -> None:
        migrate(connection, pack.manifest.schema_version)
        _check_shapes(connection, pack.manifest)
        with set_aside(connection):
            for part in pack.manifest.tables:
                _fill_table(connection, pack, part, watch)
        _set_sequences(connection)
        migrate(connection)
        grant(connection, application_role)
        if pack.manifest.rows >= WORTH_ANALYSING:
            connection.exec_driver_sql("ANALYZE")
        at_end(connection)

    with telling_disk_faults(), _one_transaction(url) as connection:
        fill(connection)


@contextmanager
def _one_transaction(url: str) -> Iterator[Connection]:
    target = make_url(url)
    if target.get_backend_name() != "sqlite":
        engine = _plain_engine(url)
        with changing_schema(engine) as connection:
            _check_owner(connection)
            yield connection
        return
    path = Path(target.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    with appearing(path, replace=path.exists()) as part:
        engine = create_engine(target.set(database=str(part)), poolclass=NullPool)
        event.listen(engine, "connect", _hurry)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        with changing_schema(engine) as connection:
            yield connection


def _hurry(connection: Any, record: object) -> None:
    connection.isolation_level = None
    for setting in HURRIED:
        connection.execute(setting)


def _check_owner(connection: Connection) -> None:
    may = connection.execute(text("SELECT has_schema_privilege(current_schema(), 'CREATE')")).scalar()
    if not may:
        raise BackupFault("not_owner")
    if inspect(connection).get_table_names():
        raise BackupFault("not_empty")


def _check_shapes(connection: Connection, manifest: Manifest) -> None:
    here = {shape.name: dict(shape.columns) for shape in shapes(connection)}
    there = {part.name: dict(part.shape) for part in manifest.tables}
    for name in here.keys() | there.keys():
        if here.get(name) != there.get(name):
            raise BackupFault("damaged", member=name)


def _fill_table(connection: Connection, pack: Pack, part: Part, watch: Watch) -> None:
    quote = connection.dialect.identifier_preparer.quote
    names = [name for name, _ in part.shape]
    table, columns = quote(part.name), ", ".join(map(quote, names))
    connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 (what a migration put in is in the backup as well)
    rows = _rows(pack, part, names, watch)
    cursor = connection.connection.cursor()
    try:
        if connection.dialect.name == "sqlite":
            marks = ", ".join("?" * len(names))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", cast(Any, rows))  # noqa: S608
        else:
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
    except (ValueError, TypeError) as fault:
        raise BackupFault("row_refused", table=part.name, reason=str(fault)) from fault
    except connection.dialect.loaded_dbapi.Error as fault:
        raise BackupFault(_code_of(fault), table=part.name, reason=str(fault).partition("\n")[0]) from fault
    finally:
        cursor.close()


def _code_of(fault: Exception) -> str:
    if is_full(fault):
        return "disk_full"
    is_about_rows = any(cls.__name__ in ("DataError", "IntegrityError") for cls in type(fault).__mro__)
    return "row_refused" if is_about_rows else "database_failed"


def _rows(pack: Pack, part: Part, names: list[str], watch: Watch) -> Iterator[list[Any]]:
    read = Lines(part.shape).read
    for line in pack.lines(part.member):
        row = read(line)
        watch(part.name, dict(zip(names, row, strict=True)))
        yield row


def _set_sequences(connection: Connection) -> None:
    if connection.dialect.name != "postgresql":
        return
    for sequence, (table, column) in SEQUENCES.items():
        connection.execute(text("SELECT set_config('shouwang.kind', 'audit', true)"))
        last = connection.execute(text(f"SELECT max({column}) FROM {table}")).scalar()  # noqa: S608
        if last is not None:
            connection.execute(text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": last})
