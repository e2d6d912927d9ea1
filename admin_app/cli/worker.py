"""`shouwang worker`: fires time limits, sends messages and does what else is due, until it is stopped."""

from __future__ import annotations

import gc
import signal
from threading import Event

import click

from admin_app.cli import Desk, answer, load_keys
from admin_app.outside import outside_of
from models.database import Database
from workflows.clock import system_clock
from workflows.worker.loop import work, work_once
from workflows.worker.pieces import Tools

WORDS = {"timers": "到点的时限", "duties": "应办事务", "jobs": "后台任务", "outbox": "消息"}


@click.command()
@click.option("--once", is_flag=True, help="把现在该办的办完就结束，可由定时任务反复运行")
@click.option("--json", "as_json", is_flag=True, help="与 --once 同用，输出一份 JSON")
@click.pass_obj
def worker(desk: Desk, once: bool, as_json: bool) -> None:
    """按时提醒、催办、发消息、办后台任务；可以同时运行多个。"""
    if as_json and not once:
        raise click.UsageError("--json 与 --once 同用")
    settings = desk.settings()
    database = Database(settings.database, load_keys(settings))
    tools = Tools(database, system_clock, outside_of(settings))
    gc.freeze()  # what the program is made of stays; looking through it for garbage took a tenth of a job's time
    try:
        if once:
            did = work_once(tools)
            answer(did, as_json=as_json, lines=[f"{WORDS[key]} {count}" for key, count in did.items() if count])
        else:
            _until_stopped(tools)
    finally:
        database.dispose()


def _until_stopped(tools: Tools) -> None:
    stop = Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    click.echo("后台进程已启动，按 Ctrl+C 停止。", err=True)
    work(tools, stop)
    click.echo("后台进程已停止。", err=True)
