"""`shouwang init`: schema, keys, standard pack, the first system officer and the first security officer."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click
from sqlalchemy import make_url, select
from sqlalchemy.exc import IntegrityError

from admin_app.cli import Desk, answer, load_keys
from admin_app.cli.asking import new_secret
from admin_app.cli.upgrade import bring_up
from admin_app.config import Settings
from models.database import Database
from models.schema_version import present_version
from models.scope import system_scope
from models.staff import Staff
from models.vault import Keystore
from workflows.actor import Actor
from workflows.clock import system_clock
from workflows.operations.account import SHORTEST_PASSWORD, password_fault
from workflows.operations.definition import publish_standard_pack
from workflows.operations.first_officers import FirstOfficer, make_first_officers
from workflows.policy import standard_policy
from workflows.transaction import Origin, transaction

AGAIN = "这个数据库已经安装过；升级请用 shouwang upgrade"
OFFICERS = (("system_officer", "sysadmin", "系统管理员"), ("security_officer", "secadmin", "安全管理员"))


def set_up(settings: Settings) -> tuple[Database, str]:
    """Make instance folder, keys and schema as far as they are missing; returns the database and its version."""
    settings.instance.mkdir(parents=True, exist_ok=True)
    if not settings.keys.exists():
        _refuse_lost_keys(settings)
        with suppress(FileExistsError):  # somebody else drew them meanwhile
            Keystore.draw().save(settings.keys)
    keystore = load_keys(settings)
    version = bring_up(settings, keystore).version
    return Database(settings.database, keystore), version


def _refuse_lost_keys(settings: Settings) -> None:
    """Refuse to draw keys over data: new ones would open none of it, and stand in the way of the right ones."""
    if _holds_schema(settings):
        raise click.UsageError(f"数据库里已有数据，却没有密钥文件 {settings.keys.name}：请先放回原来的密钥文件")


def _holds_schema(settings: Settings) -> bool:
    owner = Database(settings.owner_database, Keystore.draw(), pooled=False)
    if owner.is_sqlite and not Path(owner.url.database or "").is_file():
        return False
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
    _refuse_again(settings)
    passwords = _given(passwords_file) if passwords_file else _asked()
    officers = [FirstOfficer(role, login, name, passwords[login]) for role, login, name in OFFICERS]
    database, version = set_up(settings)
    try:
        _install(database, city or "本市", officers)
    finally:
        database.dispose()
    content = {"database": make_url(settings.database).render_as_string(), "version": version}
    lines = [
        f"已安装，数据库版本 {version}。",
        *(f"{name}：账号 {login}" for _, login, name in OFFICERS),
        "下一步：shouwang serve，由系统管理员建立单位和账号，由安全管理员启用。",
    ]
    answer(content, as_json=as_json, lines=lines)


def _refuse_again(settings: Settings) -> None:
    """Refuse an installation in use before anybody thinks of passwords for it."""
    if not _holds_schema(settings):
        return
    if not settings.keys.exists():
        _refuse_lost_keys(settings)
    database = Database(settings.database, load_keys(settings), pooled=False)
    with database.session(system_scope("init")) as session:
        is_installed = session.scalar(select(Staff.id).limit(1)) is not None
    database.dispose()
    if is_installed:
        raise click.UsageError(AGAIN)


def _install(database: Database, city: str, officers: list[FirstOfficer]) -> None:
    actor, scope = Actor.of_system("init"), system_scope("init")
    try:
        with transaction(database, actor, standard_policy(), scope, origin=Origin("init"), clock=system_clock) as tx:
            publish_standard_pack(tx)
            make_first_officers(tx, city, officers)
    except IntegrityError as fault:  # somebody else installed meanwhile
        raise click.UsageError(AGAIN) from fault


def _weakness(login: str, name: str) -> Callable[[str], object | None]:
    return lambda password: password_fault(password, Staff(login=login, name=name))


def _asked() -> dict[str, str]:
    try:
        return {
            login: new_secret(f"{name}（{login}）的密码，至少 {SHORTEST_PASSWORD} 个字符", _weakness(login, name))
            for _, login, name in OFFICERS
        }
    except click.Abort as fault:
        raise click.UsageError("没有设密码，什么账号也没有建：请在终端里输入，或用 --passwords-file") from fault


def _given(file: Path) -> dict[str, str]:
    try:
        given = json.loads(file.read_text(encoding="utf-8-sig"))
        passwords = {login: str(given[login]) for _, login, _ in OFFICERS}
    except (ValueError, KeyError, TypeError) as fault:
        raise click.UsageError(f"密码文件应为 JSON，含 sysadmin 和 secadmin（{fault}）") from fault
    for _, login, name in OFFICERS:
        if fault_found := _weakness(login, name)(passwords[login]):
            click.echo(f"{login}：{fault_found}", err=True)
            raise click.exceptions.Exit(1)
    return passwords
