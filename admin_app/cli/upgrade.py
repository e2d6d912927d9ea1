"""`shouwang upgrade`: brings a database to this program's schema and definitions; keeps a copy of a SQLite file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click
from sqlalchemy import make_url, select
from sqlalchemy.exc import ProgrammingError

from admin_app.cli import Desk, answer, load_keys
from admin_app.cli.backup_words import saying_faults
from admin_app.config import Settings
from models.backup.copying import copy_beside
from models.database import Database
from models.schema import SchemaBroken
from models.schema import upgrade as upgrade_schema
from models.schema_version import every_version, newest_version, present_version
from models.scope import system_scope
from models.staff import Staff
from models.vault import Keystore
from workflows.actor import Actor
from workflows.clock import system_clock
from workflows.operations.arming import arm_some
from workflows.operations.definition import publish_standard_pack
from workflows.operations.field_values import fill_in
from workflows.policy import standard_policy
from workflows.transaction import Origin, transaction

ADVICE = "PostgreSQL 的库升级前不自动复制：请先运行 shouwang backup 文件"


@dataclass(frozen=True)
class Reached:
    """Where an upgrade started and ended, and the copy that it kept."""

    before: str | None
    version: str
    copy: Path | None


def bring_up(settings: Settings, keystore: Keystore, *, keep_copy: bool = True) -> Reached:
    """Run the missing migrations as the owner; an older SQLite file is copied before."""
    owner = Database(settings.owner_database, keystore, pooled=False)
    role = make_url(settings.database).username
    separate = settings.owner_database != settings.database
    found: list[str | None] = []
    copies: list[Path] = []

    def before(version: str | None) -> None:
        found.append(version)
        if version is None or version == newest_version():
            return
        if version not in every_version():
            raise click.UsageError(f"数据库版本 {version} 比本程序（{newest_version()}）新：请先升级程序")
        if keep_copy and owner.is_sqlite:
            copies.append(copy_beside(Path(owner.url.database or ""), version, system_clock()))

    try:
        with saying_faults(as_json=False):
            upgrade_schema(owner.engine, application_role=role if separate else None, before=before)
        with owner.engine.connect() as connection:
            version = present_version(connection) or ""
    except ProgrammingError as fault:
        if getattr(fault.orig, "sqlstate", None) != "42501":
            raise
        raise click.UsageError("这个账号不能改表：请设置 SHOUWANG_OWNER_DATABASE 为所有者的地址") from fault
    except SchemaBroken as fault:
        raise click.ClickException(f"升级后有行指向不存在的行，已全部撤回：{fault}") from fault
    finally:
        owner.dispose()
    return Reached(found[0], version, copies[0] if copies else None)


@click.command()
@click.option("--no-copy", is_flag=True, help="SQLite 升级前不复制数据库文件（已另有备份时）")
@click.option("--json", "as_json", is_flag=True, help="输出一份 JSON")
@click.pass_obj
def upgrade(desk: Desk, no_copy: bool, as_json: bool) -> None:
    """把数据库和标准方案包升级到本程序的版本；SQLite 先在旁边留一份副本。"""
    settings = desk.settings()
    keystore = load_keys(settings)
    if make_url(settings.database).get_backend_name() == "postgresql":
        click.echo(ADVICE, err=True)
    reached = bring_up(settings, keystore, keep_copy=not no_copy)
    database = Database(settings.database, keystore, pooled=False)
    published = publish_pack(database)
    with database.transaction(system_scope("upgrade")) as session:
        fill_in(session)
    armed = arm_clocks(database)
    database.dispose()
    content = {
        "database": make_url(settings.database).render_as_string(),
        "version": reached.version,
        "before": reached.before,
        "copy": str(reached.copy) if reached.copy else None,
        "definitions": published,
        "clocks": armed,
    }
    answer(content, as_json=as_json, lines=_lines(reached, published, armed))


def arm_clocks(database: Database, *, quietly: bool = False) -> int:
    """Start the clocks of open cases that have none, a few thousand at a time; returns how many."""
    actor, scope = Actor.of_system("upgrade"), system_scope("upgrade")
    armed, some = 0, 1
    while some:
        with transaction(database, actor, standard_policy(), scope, origin=Origin("upgrade"), clock=system_clock) as tx:
            some = arm_some(tx, quietly=quietly)
        armed += some
    return armed


def publish_pack(database: Database) -> int:
    """Bring the shipped definitions into force; returns how many are new. An empty database is left to `init`."""
    actor, scope = Actor.of_system("upgrade"), system_scope("upgrade")
    with transaction(database, actor, standard_policy(), scope, origin=Origin("upgrade"), clock=system_clock) as tx:
        is_installed = tx.session.scalar(select(Staff.id).limit(1)) is not None
        return publish_standard_pack(tx) if is_installed else 0


def _lines(reached: Reached, published: int, armed: int) -> list[str]:
    if reached.before == reached.version:
        lines = [f"数据库版本 {reached.version}，已是本程序需要的版本{'' if published else '，没有改动'}。"]
    else:
        lines = [f"数据库版本 {reached.version}（升级前 {reached.before or '空库'}，需要 {newest_version()}）"]
    if reached.copy:
        lines.append(f"升级前的副本：{reached.copy}。新版本用几天无误后可以删除。")
    if published:
        lines.append(f"标准方案包：{published} 份工作定义换成本程序的；已经开始的事项照旧版本办完。")
    if armed:
        lines.append(f"时限：{armed} 件在办事项从进入当前环节起计时；请运行 shouwang worker 按时提醒和催办。")
    return lines
