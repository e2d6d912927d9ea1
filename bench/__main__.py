"""`python -m bench NAME…`: runs measurements on a filled database and writes what they gave to bench/results/."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bench.data import SIZES, prepared
from bench.measurements import MEASUREMENTS
from bench.results import keep


@click.command()
@click.argument("names", nargs=-1, metavar="NAME…")
@click.option("--size", default="city", show_default=True, type=click.Choice(SIZES), help="演示数据的规模")
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), help="数据放在哪个文件夹，可重复使用；默认临时文件夹"
)
@click.option("--database", metavar="URL", help="改用这个数据库（PostgreSQL），空库则先填")
@click.option("--json", "as_json", is_flag=True, help="每项测量输出一份 JSON")
@click.option("--no-results", is_flag=True, help="不写入 bench/results/")
def bench(
    names: tuple[str, ...], size: str, data: Path | None, database: str | None, as_json: bool, no_results: bool
) -> None:
    """本项目自己的性能测量；NAME 为 all 时全部运行。"""
    wanted = list(MEASUREMENTS) if "all" in names else list(names)
    if not wanted or (unknown := [name for name in wanted if name not in MEASUREMENTS]):
        known = "、".join(MEASUREMENTS)
        raise click.UsageError(f"可测量：{known}、all" if not wanted else f"没有 {unknown[0]}；可测量：{known}")
    with prepared(size, data, database) as world:
        found = []
        for name in wanted:
            for figure in MEASUREMENTS[name](world):
                found.append(figure)
                content = figure.as_json(size)
                click.echo(json.dumps(content, ensure_ascii=False) if as_json else figure.line())
        if not no_results:
            click.echo(str(keep(found, size, world.kind)), err=True)


if __name__ == "__main__":
    bench(prog_name="python -m bench")
