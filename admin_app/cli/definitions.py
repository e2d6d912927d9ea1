"""The commands around definitions: `definitions check`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from workflows.engine.loader import check_definitions


@click.group()
def definitions() -> None:
    """检查工作定义。"""


@definitions.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="只输出一份 JSON。")
def check(paths: tuple[Path, ...], as_json: bool) -> None:
    """按发布的标准检查文件或目录里的工作定义：有问题时退出码为 1。"""
    is_sound, problems = check_definitions(paths)
    if as_json:
        answer = {"ok": is_sound, "problems": [problem.as_json() for problem in problems]}
        click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        for problem in problems:
            click.echo(str(problem))
        click.echo("没有问题" if is_sound else f"共 {len(problems)} 处问题")
    raise SystemExit(0 if is_sound else 1)
