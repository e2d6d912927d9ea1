"""The command `shouwang`: its subcommands are modules beside this one, loaded only when they are called."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import dataclass
from typing import Any

import click
from sqlalchemy.exc import OperationalError

from admin_app.config import Settings, SettingsFault
from models.database import Database
from models.vault import KeysMissing, Keystore
from workflows.refusal import Refusal

COMMANDS = {
    "init": "建库、密钥、标准方案包和最初的两名管理员",
    "demo": "用虚构的一所学校填满空库并启动网站",
    "serve": "启动网站",
    "roster": "检查、导入、撤回名册",
    "case": "查看和办理事项",
    "definitions": "检查工作定义",
    "backup": "把整个安装写进一个文件",
    "restore": "把备份恢复到空的数据库",
    "upgrade": "把数据库升级到本程序需要的版本",
    "doctor": "检查配置、密钥、数据库、时钟和磁盘",
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
        try:
            return Database(settings.database, Keystore.load(settings.keys))
        except KeysMissing as fault:
            raise click.UsageError(f"还没有安装，请先运行 shouwang init（{fault}）") from fault


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
        fault.show()
        status = 2
    except click.Abort:
        status = 2
    except Refusal as fault:
        click.echo(str(fault.message), err=True)
        status = 1
    except (SettingsFault, KeysMissing) as fault:
        click.echo(str(fault), err=True)
        status = 2
    except OperationalError as fault:
        click.echo(f"数据库没有应答：{fault.orig}", err=True)
        status = 1
    sys.exit(status if isinstance(status, int) else 0)
