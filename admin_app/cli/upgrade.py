"""`shouwang upgrade`: brings the database to the schema of this program."""

from __future__ import annotations

import click
from sqlalchemy import make_url

from admin_app.cli import Desk, answer
from admin_app.config import Settings
from models.database import Database
from models.schema import upgrade as upgrade_schema
from models.schema_version import newest_version, present_version
from models.vault import Keystore


def bring_up(settings: Settings, keystore: Keystore) -> str:
    """Run the missing migrations as the owner and return the version reached."""
    owner = Database(settings.owner_database, keystore, pooled=False)
    role = make_url(settings.database).username
    separate = settings.owner_database != settings.database
    upgrade_schema(owner.engine, application_role=role if separate else None)
    with owner.engine.connect() as connection:
        version = present_version(connection) or ""
    owner.dispose()
    return version


@click.command()
@click.option("--json", "as_json", is_flag=True, help="输出一份 JSON")
@click.pass_obj
def upgrade(desk: Desk, as_json: bool) -> None:
    """把数据库升级到本程序需要的版本。"""
    settings = desk.settings()
    version = bring_up(settings, Keystore.load(settings.keys))
    content = {"database": make_url(settings.database).render_as_string(), "version": version}
    answer(content, as_json=as_json, lines=[f"数据库版本 {version}（需要 {newest_version()}）"])
