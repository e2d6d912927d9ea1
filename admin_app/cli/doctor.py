"""`shouwang doctor`: looks at settings, keys, database, clock, disk, worker and backups, and says what is wrong."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import click
from sqlalchemy import func, make_url, select
from sqlalchemy import text as sql
from sqlalchemy.exc import SQLAlchemyError

from admin_app.cli import Desk, answer, keys_fault
from admin_app.config import Settings
from models.audit import AuditEvent
from models.database import Database
from models.schema_version import newest_version, present_version
from models.scope import system_scope
from models.setting import Setting
from models.vault import DataKey, KeysMissing, Keystore, vault_of
from workflows.calendar import calendar_in_force
from workflows.clock import LOCAL, local_day, system_clock
from workflows.operations.backup import last_backup
from workflows.operations.definition import pack_not_in_force
from workflows.worker.beat import presence

LEAST_FREE_BYTES = 1_000_000_000
LONGEST_WITHOUT_BACKUP = timedelta(days=8)  # a weekly backup, and a day's grace
LARGEST_CLOCK_DIFFERENCE = timedelta(seconds=5)
DEMO_KEY = "demo.size"


@dataclass(frozen=True)
class Check:
    """One thing looked at; `attention` is for what is not wrong, but should be known."""

    name: str
    ok: bool
    message: str
    attention: bool = False


class Finding(NamedTuple):
    """What a look into the database found."""

    ok: bool
    message: str
    attention: bool = False


@click.command()
@click.option("--json", "as_json", is_flag=True, help="输出一份 JSON")
@click.pass_obj
def doctor(desk: Desk, as_json: bool) -> None:
    """检查配置、密钥、数据库、时钟、磁盘、后台进程和备份。"""
    checks = list(_checks(desk.settings()))
    is_well = all(check.ok for check in checks)
    content = {"ok": is_well, "checks": [asdict(check) for check in checks]}
    answer(content, as_json=as_json, lines=[f"{_sign(check)} {check.name}：{check.message}" for check in checks])
    if not is_well:
        raise click.exceptions.Exit(1)


def _sign(check: Check) -> str:
    return "✗" if not check.ok else "!" if check.attention else "✓"


def _checks(settings: Settings) -> Iterator[Check]:
    yield _configuration(settings)
    yield _disk(settings)
    try:
        keystore = Keystore.load(settings.keys)
    except KeysMissing as fault:
        yield Check("keys", False, keys_fault(settings.keys, fault))
        return
    mode = stat.S_IMODE(settings.keys.stat().st_mode)
    private = mode & 0o077 == 0
    yield Check("keys", private, "只有本账号可读" if private else f"权限 {mode:o} 太宽，应为 600")
    database = Database(settings.database, keystore, pooled=False)
    # Without a schema the others would only say so once more.
    for name, look in LOOKS if _has_schema(database) else LOOKS[:1]:
        yield _looked(name, look, database)
    database.dispose()


def _configuration(settings: Settings) -> Check:
    told = f"实例文件夹 {settings.instance}，数据库 {make_url(settings.database).render_as_string()}"
    folder = _folder_of_database(settings)
    if folder is not None and folder.exists() and not os.access(folder, os.W_OK):
        return Check("configuration", False, f"{told}；{folder} 不能写")
    if not settings.secure_cookies:
        return Check("configuration", True, f"{told}；SHOUWANG_SECURE_COOKIES 关着，只可用于本机", attention=True)
    return Check("configuration", True, told)


def _folder_of_database(settings: Settings) -> Path | None:
    url = make_url(settings.database)
    return Path(url.database).parent if url.get_backend_name() == "sqlite" and url.database else None


def _disk(settings: Settings) -> Check:
    folders = {settings.instance, _folder_of_database(settings) or settings.instance}
    free = min(shutil.disk_usage(_existing(folder)).free for folder in folders)
    return Check("disk", free > LEAST_FREE_BYTES, f"剩余 {free / 1e9:.1f} GB")


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def _looked(name: str, look: Callable[[Database], Finding], database: Database) -> Check:
    try:
        return Check(name, *look(database))
    except SQLAlchemyError as fault:
        return Check(name, False, str(fault).splitlines()[0])


def _has_schema(database: Database) -> bool:
    try:
        with database.engine.connect() as connection:
            return present_version(connection) is not None
    except SQLAlchemyError:
        return False


def _schema(database: Database) -> Finding:
    with database.engine.connect() as connection:
        version = present_version(connection)
    if version is None:
        return Finding(False, "还没有安装，请运行 shouwang init")
    mend = "" if version == newest_version() else "：请运行 shouwang upgrade"
    return Finding(not mend, f"版本 {version}，需要 {newest_version()}{mend}")


def _definitions(database: Database) -> Finding:
    with database.session(system_scope("doctor")) as session:
        missing = pack_not_in_force(session)
    mend = f"标准方案包有 {len(missing)} 份工作定义还没有发布：请运行 shouwang upgrade"
    return Finding(False, mend) if missing else Finding(True, "与本程序的标准方案包一致")


def _walls(database: Database) -> Finding:
    if database.is_sqlite:
        return Finding(True, "单机数据库，由程序限定范围")
    with database.engine.connect() as connection:
        owns = connection.execute(
            sql("SELECT count(*) FROM pg_class WHERE relname = 'child' AND pg_get_userbyid(relowner) = current_user")
        ).scalar()
        strong = connection.execute(
            sql("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        ).scalar()
        open_tables = connection.execute(
            sql(
                "SELECT count(DISTINCT tablename) FROM pg_policies p WHERE NOT (SELECT relrowsecurity FROM pg_class "
                "WHERE oid = format('%I.%I', schemaname, tablename)::regclass)"
            )
        ).scalar()
    if owns or strong:
        return Finding(False, "应用账号不应是表的所有者或超级用户")
    if open_tables:
        return Finding(False, f"{open_tables} 张表的行级权限被关掉了")
    return Finding(True, "行级权限有效，应用账号与所有者分开")


def _keys_fit(database: Database) -> Finding:
    with database.session(system_scope("doctor")) as session:
        key = session.scalars(select(DataKey).order_by(DataKey.id).limit(1)).first()
        if key is None:
            return Finding(True, "还没有加密的内容")
        try:
            vault_of(session).learn(key)
        except KeysMissing:
            return Finding(False, "密钥文件打不开库里的数据：不是这个库的密钥，请放回原来的")
    return Finding(True, "密钥能打开库里的数据")


def _clock(database: Database) -> Finding:
    now = system_clock()
    with database.session(system_scope("doctor"), kind="audit") as session:
        last = session.scalar(select(func.max(AuditEvent.at)))
        there: datetime = now if database.is_sqlite else session.execute(sql("SELECT clock_timestamp()")).scalar_one()
    if last is not None and last > now:
        return Finding(False, "时钟早于最后一条审计记录，请校时")
    if abs(there - now) > LARGEST_CLOCK_DIFFERENCE:
        return Finding(False, f"本机时钟与数据库相差 {abs(there - now).total_seconds():.0f} 秒，请校时")
    return Finding(True, f"现在是 {now.astimezone(LOCAL):%Y-%m-%d %H:%M}（{LOCAL.key}）")


def _backup(database: Database) -> Finding:
    now = system_clock()
    last = last_backup(database)
    if last is not None:
        days = max((now - last).days, 0)
        return Finding(now - last <= LONGEST_WITHOUT_BACKUP, f"上次备份在 {days} 天前" if days else "上次备份不到一天")
    with database.session(system_scope("doctor"), kind="audit") as session:
        first = session.scalar(select(func.min(AuditEvent.at)))
        is_demo = session.get(Setting, DEMO_KEY) is not None
    if is_demo:
        return Finding(True, "演示数据，不必备份")
    is_new = first is None or now - first <= LONGEST_WITHOUT_BACKUP
    return Finding(is_new, "还没有备份过：shouwang backup 文件", attention=True)


def _worker(database: Database) -> Finding:
    with database.session(system_scope("doctor")) as session:
        found = presence(session, system_clock())
    mend = "请运行 shouwang worker，或让 serve 以一个进程运行"
    if found.alive:
        return Finding(True, f"{found.alive} 个在运行")
    if found.is_late:
        return Finding(False, f"没有在运行，提醒、催办和消息都停着：{mend}")
    seen = "还没有运行过" if found.seen_at is None else f"{_ago(found.now - found.seen_at)}前停了"
    return Finding(True, f"{seen}，现在没有等着办的：{mend}", attention=True)


def _ago(span: timedelta) -> str:
    minutes = max(int(span.total_seconds() // 60), 0)
    return f"{minutes} 分钟" if minutes < 120 else f"{minutes // 60} 小时" if minutes < 2880 else f"{span.days} 天"


def _calendar(database: Database) -> Finding:
    year = local_day(system_clock()).year
    with database.session(system_scope("doctor")) as session:
        known = calendar_in_force(session).knows(year)
    missing = f"{year} 年的节假日还没有录入，工作日只按周末计算：请在“校历”里录入"
    return Finding(True, f"{year} 年的节假日已录入" if known else missing, attention=not known)


LOOKS = (
    ("database", _schema),
    ("definitions", _definitions),
    ("walls", _walls),
    ("keys_fit", _keys_fit),
    ("clock", _clock),
    ("backup", _backup),
    ("calendar", _calendar),
    ("worker", _worker),
)
