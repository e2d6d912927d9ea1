"""Says in Chinese what was wrong with a call of the command; the library that reads the words says it in English."""

from __future__ import annotations

import re

import click

PHRASES = (
    (r"No such option '(.+?)'\.", r"没有选项 \1。"),
    (r"No such command '(.+?)'\.", r"没有命令 \1。"),
    (r"\(?Did you mean (?:one of: )?(.+)\?\)?", r"是不是 \1？"),
    (r"Missing (?:option|argument|parameter) '(.+?)'\.", r"缺少 \1。"),
    (r"Option '(.+?)' requires an argument\.", r"\1 后面要写值。"),
    (r"Option '(.+?)' requires (\d+) arguments\.", r"\1 后面要写 \2 个值。"),
    (r"Option '(.+?)' does not take a value\.", r"\1 后面不写值。"),
    (r"Got unexpected extra arguments? \((.+)\)", r"多写了：\1。"),
    (r"Invalid value for '(.+?)': ", r"\1 不对："),
    (r"'(.*)' is not a valid integer(?: range)?\.", r"“\1”不是整数。"),
    (r"(\S+) is not in the range (\S+?)\.", r"\1 不在 \2 之内。"),
    (r"'(.*)' is not one of (.+)\.", r"“\1”不在可选之列：\2。"),
    (r"'(.*)' does not match the format '%Y-%m-%d'\.", r"“\1”不是日期，应写成 2026-09-01 的样子。"),
    (r"(?:File|Directory|Path) '(.*)' does not exist\.", r"没有“\1”。"),
    (r"File '(.*)' is a directory\.", r"“\1”是文件夹，应为文件。"),
    (r"Directory '(.*)' is a file\.", r"“\1”是文件，应为文件夹。"),
    (r"(?:File|Directory|Path) '(.*)' is not readable\.", r"本账号不能读“\1”。"),
)


def sentence(fault: click.ClickException) -> str:
    """Return what is wrong in Chinese; what the library says in words not known here stays as it is."""
    said = fault.format_message()
    for pattern, chinese in PHRASES:
        said = re.sub(pattern, chinese, said)
    return said


def tell(fault: click.ClickException) -> None:
    """Say what is wrong, and where the call is explained when the call itself was not understood."""
    if isinstance(fault, click.exceptions.NoArgsIsHelpError):
        fault.show()
        return
    said = sentence(fault)
    click.echo(said, err=True)
    if said != fault.format_message():
        context = fault.ctx if isinstance(fault, click.UsageError) else None
        click.echo(f"用法见 {context.command_path if context else 'shouwang'} --help", err=True)
