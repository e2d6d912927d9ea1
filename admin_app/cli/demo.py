"""`shouwang demo`: an invented school in an empty database, served on this machine only."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import date, datetime

import click

from admin_app.cli import Desk, answer
from admin_app.cli.init import set_up
from admin_app.cli.serve import check_address, run_server
from admin_app.cli.upgrade import arm_clocks, publish_pack
from admin_app.demo.calendar import start_of
from admin_app.demo.fill import SIZES, NotForDemo, demo_size, fill
from admin_app.demo.logins import DemoLogin, draw_logins
from models.database import Database
from workflows.clock import local_day, system_clock
from workflows.policy import standard_policy

HOST = "127.0.0.1"


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="端口")
@click.option("--size", default="school", show_default=True, type=click.Choice(SIZES), help="规模：学校、区县或全市")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="数据截至哪一天，默认今天")
@click.option("--no-serve", is_flag=True, help="只填数据、打印账号，不启动网站")
@click.option("--json", "as_json", is_flag=True, help="输出一份 JSON")
@click.pass_obj
def demo(desk: Desk, port: int, size: str, as_of: datetime | None, no_serve: bool, as_json: bool) -> None:
    """用虚构的一所学校填满空库并启动网站；已填过的库不再填，只换新密码。"""
    settings = desk.settings(secure_cookies="off")
    if not no_serve:
        check_address(
            HOST, port
        )  # before minutes of filling, and before the passwords of a running site are drawn anew
    database, _ = set_up(settings)
    today = as_of.date() if as_of else local_day(system_clock())
    is_filled = _fill_once(database, size, today)
    publish_pack(database)
    arm_clocks(database, quietly=True)
    # The trail goes on from where the demonstration ends, also where that day is still to come.
    logins = draw_logins(database, max(system_clock(), start_of(today)))
    database.dispose()
    url = f"http://{HOST}:{port}/"
    content = {"logins": [asdict(login) for login in logins], "url": url, "filled": is_filled}
    answer(content, as_json=as_json, lines=_lines(logins, url, is_filled, no_serve))
    sys.stdout.flush()  # the server takes over; whoever waits for the log-ins has them now
    if not no_serve:
        run_server(settings, HOST, port, secure=False)


def _fill_once(database: Database, size: str, as_of: date) -> bool:
    try:
        present = demo_size(database)
    except NotForDemo as fault:
        raise click.UsageError(str(fault)) from fault
    if present is None:
        fill(database, size, as_of, tell=lambda line: click.echo(line, err=True))
        return True
    if present != size:
        raise click.UsageError(f"这个数据库里是 {present} 规模的演示；要 {size} 规模，请用 --database 另选一个")
    return False


def _lines(logins: list[DemoLogin], url: str, is_filled: bool, no_serve: bool) -> list[str]:
    first = "演示数据已填好。" if is_filled else "演示数据原来就有，没有再填；下列账号换了新密码，旧密码作废。"
    lines = [first, *(f"  {d.login:<10} {d.password}   {d.place} {d.name}（{_post(d.role)}）" for d in logins)]
    return lines if no_serve else [*lines, f"网站：{url}（只在本机可用，按 Ctrl+C 停止）"]


def _post(role: str) -> str:
    return standard_policy().roles[role].label["zh"]
