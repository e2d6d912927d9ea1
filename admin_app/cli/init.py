"""`shouwang init`: schema, keys, standard pack, the first system officer and the first security officer."""

from __future__ import annotations

import json
from pathlib import Path

import click
from sqlalchemy import make_url, select

from admin_app.cli import Desk, answer
from admin_app.cli.upgrade import bring_up
from admin_app.config import Settings
from models.database import Database
from models.schema_version import present_version
from models.scope import system_scope
from models.staff import Staff
from models.vault import Keystore
from workflows.actor import Actor
from workflows.clock import system_clock
from workflows.operations.definition import publish_standard_pack
from workflows.operations.first_officers import FirstOfficer, make_first_officers
from workflows.policy import standard_policy
from workflows.transaction import Origin, transaction

OFFICERS = (("system_officer", "sysadmin", "系统管理员"), ("security_officer", "secadmin", "安全管理员"))


def set_up(settings: Settings) -> tuple[Database, str]:
    """Make instance folder, keys and schema as far as they are missing; returns the database and its version."""
    settings.instance.mkdir(parents=True, exist_ok=True)
    if not settings.keys.exists():
        if _holds_data(settings):  # new keys would open none of it, and stand in the way of the right ones
            raise click.UsageError(f"数据库里已有数据，却没有密钥文件 {settings.keys.name}：请先放回原来的密钥文件")
        Keystore.draw().save(settings.keys)
    keystore = Keystore.load(settings.keys)
    version = bring_up(settings, keystore).version
    return Database(settings.database, keystore), version


def _holds_data(settings: Settings) -> bool:
    owner = Database(settings.owner_database, Keystore.draw(), pooled=False)
    with owner.engine.connect() as connection:
        version = present_version(connection)
    owner.dispose()
    return version is not None


@click.command()
@click.option(
    "--passwords-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='JSON：{"sysadmin": "…", "secadmin": "…"}',
)
@click.option("--city", default="", help="最高一级单位的名称，如：清州市")
@click.option("--json", "as_json", is_flag=True, help="输出一份 JSON")
@click.pass_obj
def init(desk: Desk, passwords_file: Path | None, city: str, as_json: bool) -> None:
    """建库、密钥、标准方案包和最初的两名管理员。"""
    settings = desk.settings()
    passwords = _passwords(passwords_file)
    database, version = set_up(settings)
    with database.session(system_scope("init")) as session:
        if session.scalar(select(Staff.id).limit(1)) is not None:
            raise click.UsageError("这个数据库已经安装过；升级请用 shouwang upgrade")
    officers = [FirstOfficer(role, login, name, passwords[login]) for role, login, name in OFFICERS]
    actor, scope = Actor.of_system("init"), system_scope("init")
    with transaction(database, actor, standard_policy(), scope, origin=Origin("init"), clock=system_clock) as tx:
        publish_standard_pack(tx)
        make_first_officers(tx, city or "本市", officers)
    database.dispose()
    content = {"database": make_url(settings.database).render_as_string(), "version": version}
    lines = [
        f"已安装，数据库版本 {version}。",
        *(f"{name}：账号 {login}" for _, login, name in OFFICERS),
        "下一步：shouwang serve，由系统管理员建立单位和账号，由安全管理员启用。",
    ]
    answer(content, as_json=as_json, lines=lines)


def _passwords(file: Path | None) -> dict[str, str]:
    if file is None:
        return {
            login: click.prompt(f"{name}（{login}）的密码", hide_input=True, confirmation_prompt=True)
            for _, login, name in OFFICERS
        }
    try:
        given = json.loads(file.read_text(encoding="utf-8"))
        return {login: str(given[login]) for _, login, _ in OFFICERS}
    except (ValueError, KeyError, TypeError) as fault:
        raise click.UsageError(f"密码文件应为 JSON，含 sysadmin 和 secadmin（{fault}）") from fault
