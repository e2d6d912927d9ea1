"""Asks at the terminal for new secrets: typed twice, unseen, and again until they will do."""

from __future__ import annotations

from collections.abc import Callable

import click


def new_secret(prompt: str, fault_of: Callable[[str], object | None]) -> str:
    """Ask for a new secret; `fault_of` says why one is too weak. Raises click.Abort where the input ends."""
    while True:
        said: str = click.prompt(prompt, hide_input=True, err=True)
        fault = fault_of(said)
        if fault is not None:
            click.echo(str(fault), err=True)
        elif click.prompt("再输入一遍", hide_input=True, err=True) == said:
            return said
        else:
            click.echo("两遍不一样，请重新输入", err=True)
