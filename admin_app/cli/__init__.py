"""The command `shouwang`: its subcommands are modules beside this one, loaded only when they are called."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import OperationalError

from admin_app.cli.wrong_call import tell
from admin_app.config import Settings, SettingsFault
from models.database import Database
from models.vault import KeysMissing, Keystore
from workflows.refusal import Refusal

COMMANDS = {
    "init": "建库、密钥、标准方案包和最初的两名管理员",
    "demo": "用虚构的一所学校填满空库并启动网站",
    "serve": "启动网站",
    "worker": "按时提醒、催办、发消息、办后台任务",
    "roster": "检查、导入、撤回名册",
    "case": "查看和办理事项",
    "definitions": "检查工作定义",
    "backup": "把整个安装写进一个文件",
    "restore": "把备份恢复到空的数据库",
    "upgrade": "把数据库和标准方案包升级到本程序的版本",
    "doctor": "检查配置、密钥、数据库、时钟、磁盘和备份",
    "bench": "本项目自己的性能测量",
}


@dataclass
class Desk:
    """What every subcommand works with: the settings, and the way to answer."""

    database_url: str | None = None

    def settings(self, **chosen: object) -> Settings:
        """Read the settings, the command line's database first."""
        return Settings.from_environment(None, database=self.database_url, **chosen)

    def database(self) -> Database:
        """Open the installation's database; ends the command when its keys are missing."""
        settings = self.settings()
        return Database(settings.database, load_keys(settings))


class Commands(click.Group):
    """Finds a subcommand by its module's name, so that `--help` starts without loading the site."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the subcommands."""
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of subcommands without loading them."""
        with formatter.section("命令"):
            formatter.write_dl(list(COMMANDS.items()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a subcommand, None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"admin_app.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.command(cls=Commands, name="shouwang")
@click.option("--database", metavar="URL", help="数据库地址，默认为实例文件夹里的 SQLite 文件（SHOUWANG_DATABASE）")
@click.pass_context
def root(ctx: click.Context, database: str | None) -> None:
    """守望：留守儿童关爱工作后台。"""
    ctx.obj = Desk(database)


def load_keys(settings: Settings) -> Keystore:
    """Read the keystore; ends the command when that cannot be."""
    try:
        return Keystore.load(settings.keys)
    except KeysMissing as fault:
        raise click.UsageError(keys_fault(settings.keys, fault)) from fault


def keys_fault(file: Path, fault: KeysMissing) -> str:
    """Say why the keystore could not be read, and what to do; new keys would never open old data."""
    if isinstance(fault.__cause__, FileNotFoundError):
        return f"没有密钥文件 {file}：还没有安装请运行 shouwang init；已有数据请放回原来的密钥文件"
    if isinstance(fault.__cause__, OSError):
        return f"密钥文件 {file} 读不了（{fault.__cause__.strerror}）：请用安装时的账号运行"
    return f"密钥文件 {file} 已损坏：请放回原来的，可从带密钥的备份或其他机器找回"


def answer(content: Any, *, as_json: bool, lines: list[str] | None = None) -> None:
    """Print the one JSON document, or the lines for people."""
    if as_json:
        click.echo(json.dumps(content, ensure_ascii=False, default=str))
        return
    for line in lines or []:
        click.echo(line)


def main() -> None:
    """Run the command; exits 0 when all is well, 1 when what it checked falls short, 2 when it was called wrongly."""
    try:
        status = root.main(standalone_mode=False)
    except click.exceptions.Exit as end:
        status = end.exit_code
    except click.ClickException as fault:
        tell(fault)
        status = 2
    except click.Abort:
        status = 2
    except Refusal as fault:
        click.echo(str(fault.message), err=True)
        status = 1
    except SettingsFault as fault:
        click.echo(str(fault), err=True)
        status = 2
    except KeysMissing:
        click.echo("密钥文件打不开库里的数据：不是这个库的密钥，请放回原来的", err=True)
        status = 1
    except OperationalError as fault:
        click.echo(f"数据库没有应答：{fault.orig}", err=True)
        status = 1
    except OSError as fault:
        click.echo(f"{fault.filename} 不能读写：{fault.strerror}", err=True)
        status = 1
    sys.exit(status if isinstance(status, int) else 0)
