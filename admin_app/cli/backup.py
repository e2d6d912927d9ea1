"""`shouwang backup`: writes everything into one file while the site goes on working."""

from __future__ import annotations

import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from admin_app.cli import Desk, answer
from admin_app.cli.backup_words import passphrase_from, saying_faults, size_of
from models.backup.fault import BackupFault
from models.backup.taking import Taken, take_backup
from models.database import Database
from models.whole_file import unfinished
from workflows.clock import system_clock
from workflows.operations.backup import record_backup


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="第一行是口令的文件；不给则当场输入两遍",
)
@click.option("--without-keys", is_flag=True, help="不带密钥：恢复时另需原来的密钥文件")
@click.option("--json", "as_json", is_flag=True, help="输出一份 JSON")
@click.pass_obj
def backup(desk: Desk, file: Path, passphrase_file: Path | None, without_keys: bool, as_json: bool) -> None:
    """把整个安装写进一个文件，网站照常工作。"""
    database = desk.database()
    began = time.monotonic()
    try:
        with saying_faults(as_json=as_json):
            if database.is_sqlite and not Path(database.url.database or ":memory:").exists():
                raise BackupFault("not_installed")
            if file.exists():
                raise BackupFault("exists", file=file.name)
            passphrase = None if without_keys else passphrase_from(passphrase_file, is_new=True)()
            at = system_clock()
            taken = take_backup(database, file, version=version("shouwang"), passphrase=passphrase, at=at)
        is_recorded = _record(database, file, taken)
    finally:
        database.dispose()
    content = _content(file, taken) | {"recorded": is_recorded, "seconds": round(time.monotonic() - began, 1)}
    answer(content, as_json=as_json, lines=_lines(content, file))


def _record(database: Database, file: Path, taken: Taken) -> bool:
    """Put the backup on record; one that exists is kept even where the database takes no more."""
    facts = {"name": file.name, "sha256": taken.sha256, "rows": taken.manifest.rows, "keys": _keys(taken)}
    try:
        record_backup(database, facts, system_clock())
    except SQLAlchemyError:
        return False
    return True


def _keys(taken: Taken) -> str:
    return "sealed" if taken.manifest.keys_sha256 else "left_out"


def _content(file: Path, taken: Taken) -> dict[str, Any]:
    manifest = taken.manifest
    return {
        "file": str(file),
        "bytes": taken.size,
        "sha256": taken.sha256,
        "made_at": manifest.made_at,
        "version": manifest.schema_version,
        "rows": manifest.rows,
        "tables": {part.name: part.rows for part in manifest.tables},
        "keys": _keys(taken),
    }


def _lines(content: dict[str, Any], file: Path) -> list[str]:
    with_keys = "密钥在文件里，用口令封着：忘了口令就打不开，口令请另处保存。"
    without = "文件里没有密钥：恢复时还要原来的 keys.json，请另处保存；没有它，加密的内容谁也打不开。"
    lines = [
        f"已备份到 {file}（{size_of(content['bytes'])}，{content['rows']} 行，{content['seconds']} 秒）。",
        f"SHA-256 {content['sha256']}",
        with_keys if content["keys"] == "sealed" else without,
    ]
    if not content["recorded"]:
        lines.append("注意：这次备份没能记入审计记录，请运行 shouwang doctor。")
    if left := unfinished(file.parent):
        lines.append(f"文件夹里有以前中断留下的文件，可以删除：{'、'.join(left)}")
    return lines
