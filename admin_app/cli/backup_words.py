"""What the commands of backup and restoration say, and how they ask for a passphrase."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from admin_app.cli import answer
from admin_app.cli.asking import new_secret
from models.backup.fault import BackupFault
from models.backup.sealed_keys import SHORTEST_PASSPHRASE

CALLED_WRONGLY = frozenset({"exists", "in_memory", "weak_passphrase", "passphrase_needed", "not_text"})
SENTENCES = {
    "exists": "{file} 已经存在，不会覆盖：请换一个文件名",
    "not_writable": "{file} 不能写：{reason}",
    "disk_full": "磁盘空间不够，什么也没有留下：{reason}",
    "not_installed": "这个数据库还没有安装，没有可备份的内容",
    "unreadable_row": "表 {table} 的一行读不出来（{row}）：{reason}",
    "unknown_type": "表 {table} 有本程序不认识的列类型 {type}",
    "in_memory": "内存里的数据库不能备份或恢复：请用 --database 指定文件",
    "not_a_backup": "这个文件不是守望的备份",
    "truncated": "备份文件不完整，末尾缺了一截：请重新复制，或换一份备份",
    "damaged": "备份文件已损坏（{member}）：请重新复制，或换一份备份",
    "changed": "备份的目录与密钥不符：文件被改动过，或不是用这套密钥备份的",
    "wrong_product": "这个文件是别的程序的备份",
    "newer_program": "这份备份由更新的版本写成，请先升级程序",
    "newer_schema": "备份的数据库版本是 {schema}（程序 {version}），本程序还不认识：请先升级程序",
    "weak_passphrase": "口令至少要 {least} 个字",
    "passphrase_needed": "需要口令：请在终端里输入，或用 --passphrase-file；备份时也可用 --without-keys 不带密钥",
    "not_text": "口令文件 {file} 不是 UTF-8 文本：请用 UTF-8 编码另存",
    "wrong_passphrase": "口令不对，密钥打不开；数据库没有改动",
    "keys_missing": "备份里没有密钥，本机也没有 {file}：请先放回备份时的密钥文件，否则加密的内容谁也打不开",
    "other_keys": "本机的 {file} 打不开这份备份：请换成备份时的密钥文件，或把它移走再用备份里的密钥",
    "not_empty": "目标数据库不是空的：恢复只写入空库或新文件",
    "log_left": "目标旁边留有另一个数据库的日志 {file}，会混进恢复的数据：请把它移走",
    "not_owner": "这个账号不能建表：请设置 SHOUWANG_OWNER_DATABASE 为所有者的地址",
    "row_refused": "数据库不接受表 {table} 的一行，已全部撤回：{reason}",
    "broken_links": "备份里有行指向不存在的行，已全部撤回：{reason}",
    "database_failed": "写表 {table} 时数据库出错，已全部撤回：{reason}",
}


@contextmanager
def saying_faults(*, as_json: bool) -> Iterator[None]:
    """Say what stopped the work, or answer `{"refused": {"code", "message"}}`; end with 1, or 2 if called wrongly."""
    try:
        yield
    except BackupFault as fault:
        message = SENTENCES[fault.code].format(**fault.facts)
        if as_json:
            answer({"refused": {"code": fault.code, "message": message}}, as_json=True)
        click.echo(message, err=True)
        raise click.exceptions.Exit(2 if fault.code in CALLED_WRONGLY else 1) from fault


def passphrase_from(file: Path | None, *, is_new: bool) -> Callable[[], str]:
    """Return how to get the passphrase: from the file's first line, or by asking, a new one twice."""

    def ask() -> str:
        if file is not None:
            return _first_line(file)
        try:
            if is_new:
                return new_secret(f"密钥的口令，至少 {SHORTEST_PASSPHRASE} 个字", _weakness)
            said: str = click.prompt("密钥的口令", hide_input=True, err=True)
        except click.Abort as fault:
            raise BackupFault("passphrase_needed") from fault
        return said

    return ask


def _first_line(file: Path) -> str:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()  # some editors begin a file with a mark
    except UnicodeDecodeError as fault:
        raise BackupFault("not_text", file=file.name) from fault
    return lines[0].strip() if lines else ""


def _weakness(passphrase: str) -> str | None:
    is_long_enough = len(passphrase) >= SHORTEST_PASSPHRASE
    return None if is_long_enough else SENTENCES["weak_passphrase"].format(least=SHORTEST_PASSPHRASE)


def size_of(count: int) -> str:
    """Return bytes in words."""
    for unit, least, digits in (("GB", 1e9, 2), ("MB", 1e6, 1)):
        if count >= least:
            return f"{count / least:.{digits}f} {unit}"
    return f"{count / 1e3:.0f} KB"
