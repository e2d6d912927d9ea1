"""`shouwang doctor`: looks at configuration, keys, database, clock and disk, and says what is wrong."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import click
from sqlalchemy import func, select
from sqlalchemy import text as sql
from sqlalchemy.exc import SQLAlchemyError

from admin_app.cli import Desk, answer
from admin_app.config import Settings
from models.audit import AuditEvent
from models.database import Database
from models.schema_version import newest_version, present_version
from models.scope import system_scope
from models.vault import KeysMissing, Keystore

LEAST_FREE_BYTES = 1_000_000_000
Check = tuple[str, bool, str]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="输出一份 JSON")
@click.pass_obj
def doctor(desk: Desk, as_json: bool) -> None:
    """检查配置、密钥、数据库、时钟和磁盘。"""
    checks = list(_checks(desk.settings()))
    is_well = all(passed for _, passed, _ in checks)
    content = {"ok": is_well, "checks": [{"name": n, "ok": passed, "message": m} for n, passed, m in checks]}
    answer(content, as_json=as_json, lines=[f"{'✓' if passed else '✗'} {n}：{m}" for n, passed, m in checks])
    if not is_well:
        raise click.exceptions.Exit(1)


def _checks(settings: Settings) -> Iterator[Check]:
    yield _disk(settings)
    try:
        keystore = Keystore.load(settings.keys)
    except KeysMissing as fault:
        yield "keys", False, str(fault)
        return
    mode = stat.S_IMODE(settings.keys.stat().st_mode)
    yield "keys", mode & 0o077 == 0, "只有本账号可读" if mode & 0o077 == 0 else f"权限 {mode:o} 太宽，应为 600"
    database = Database(settings.database, keystore, pooled=False)
    for name, look in (("database", _schema), ("walls", _walls), ("clock", _clock)):
        yield _looked(name, look, database)
    database.dispose()


def _disk(settings: Settings) -> Check:
    folder = settings.instance if settings.instance.exists() else settings.instance.parent
    free = shutil.disk_usage(folder).free
    return "disk", free > LEAST_FREE_BYTES, f"剩余 {free / 1e9:.1f} GB"


def _looked(name: str, look: Callable[[Database], tuple[bool, str]], database: Database) -> Check:
    try:
        return (name, *look(database))
    except SQLAlchemyError as fault:
        return name, False, str(fault).splitlines()[0]


def _schema(database: Database) -> tuple[bool, str]:
    with database.engine.connect() as connection:
        version = present_version(connection)
    return version == newest_version(), f"版本 {version}，需要 {newest_version()}"


def _walls(database: Database) -> tuple[bool, str]:
    if database.is_sqlite:
        return True, "单机数据库，由程序限定范围"
    with database.engine.connect() as connection:
        owns = connection.execute(
            sql("SELECT count(*) FROM pg_class WHERE relname = 'child' AND pg_get_userbyid(relowner) = current_user")
        ).scalar()
        strong = connection.execute(
            sql("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        ).scalar()
    if owns or strong:
        return False, "应用账号不应是表的所有者或超级用户"
    return True, "行级权限有效，应用账号与所有者分开"


def _clock(database: Database) -> tuple[bool, str]:
    with database.session(system_scope("doctor"), kind="audit") as session:
        last = session.scalar(select(func.max(AuditEvent.at)))
    ahead = last is not None and last > datetime.now(UTC)
    return not ahead, "时钟早于最后一条审计记录，请校时" if ahead else "正常"
