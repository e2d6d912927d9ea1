"""`shouwang restore`: fills an empty database from a backup, all of it or nothing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection, make_url
from sqlalchemy.orm import Session

from admin_app.cli import Desk, answer
from admin_app.cli.backup_words import passphrase_from, saying_faults
from admin_app.config import Settings
from models.backup.pack import Pack, digest_of
from models.backup.restoring import check_schema, check_target, find_keys
from models.backup.restoring import restore as restore_pack
from models.schema_version import newest_version
from models.vault import Keystore
from workflows.clock import system_clock
from workflows.operations.backup import TrailCheck, record_restoration
from workflows.operations.field_values import fill_in


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="第一行是口令的文件；本机已有密钥文件时不用",
)
@click.option("--json", "as_json", is_flag=True, help="输出一份 JSON")
@click.pass_obj
def restore(desk: Desk, file: Path, passphrase_file: Path | None, as_json: bool) -> None:
    """把备份恢复到空的数据库，要么全部，要么一点不留。"""
    settings = desk.settings()
    began = time.monotonic()
    with saying_faults(as_json=as_json):
        check_target(settings.owner_database)
        pack = Pack(file)
        try:
            check_schema(pack.manifest)
            keystore, from_backup = find_keys(pack, settings.keys, passphrase_from(passphrase_file, is_new=False))
            pack.check(keystore)
            trail = _restore(settings, pack, keystore, digest_of(file), save_keys=from_backup)
        finally:
            pack.close()
    content = {
        "database": make_url(settings.database).render_as_string(),
        "version": newest_version(),
        "made_at": pack.manifest.made_at,
        "rows": pack.manifest.rows,
        "events": trail.events,
        "events_changed": trail.changed,
        "first_changed": trail.first_changed,
        "keys": "from_backup" if from_backup else "in_place",
        "seconds": round(time.monotonic() - began, 1),
    }
    answer(content, as_json=as_json, lines=_lines(content, settings))
    if trail.changed:
        raise click.exceptions.Exit(1)


def _restore(settings: Settings, pack: Pack, keystore: Keystore, digest: str, *, save_keys: bool) -> TrailCheck:
    trail = TrailCheck(keystore)

    def at_end(connection: Connection) -> None:
        manifest = pack.manifest
        facts = {"sha256": digest, "made_at": manifest.made_at, "rows": manifest.rows, "last": trail.last}
        record_restoration(connection, keystore, facts, system_clock())
        with Session(connection, join_transaction_mode="create_savepoint") as session, session.begin():
            fill_in(session)  # a backup from before answers stood in columns has none
        if save_keys:  # last of all: a kill after it leaves keys that fit, before it nothing
            keystore.save(settings.keys)

    role = make_url(settings.database).username
    is_separate = settings.owner_database != settings.database
    restore_pack(settings.owner_database, pack, trail, at_end, application_role=role if is_separate else None)
    return trail


def _lines(content: dict[str, Any], settings: Settings) -> list[str]:
    lines = [
        f"已恢复 {content['made_at']} 的备份：{content['rows']} 行，{content['seconds']} 秒。",
        f"数据库版本 {content['version']}。",
        f"密钥取自备份，存为 {settings.keys}。" if content["keys"] == "from_backup" else "密钥用本机原有的。",
        f"审计记录 {content['events']} 条，都与写入时一致。",
        "下一步：shouwang doctor，然后启动网站。",
    ]
    if content["events_changed"]:
        lines[3] = (
            f"审计记录 {content['events']} 条，其中 {content['events_changed']} 条与写入时不符"
            f"（第一条是 {content['first_changed']}）：备份之前就已如此，请告诉审计管理员。"
        )
    return lines
