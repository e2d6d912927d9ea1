"""`shouwang bench`: hands over to the measurements beside the program; an installation without them says so."""

from __future__ import annotations

import subprocess
import sys

import click

from admin_app.config import ROOT


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []})
@click.pass_context
def bench(ctx: click.Context) -> None:
    """本项目自己的性能测量。"""
    if not (ROOT / "bench" / "__main__.py").is_file():
        raise click.UsageError("这份安装里没有 bench/；请在源代码目录里运行")
    chosen = ["--database", ctx.obj.database_url] if ctx.obj.database_url else []
    done = subprocess.run([sys.executable, "-m", "bench", *ctx.args, *chosen], cwd=ROOT, check=False)  # noqa: S603
    raise click.exceptions.Exit(done.returncode)
