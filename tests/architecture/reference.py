"""Makes the pages of docs/reference from the code; `python -m tests.architecture.reference` writes them."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import click

from admin_app.cli import COMMANDS, root
from admin_app.config import Settings
from tests.architecture import reference_words as words
from tests.architecture.reference_definitions import definition_schema
from tests.architecture.reference_workflows import listing, picture, workflows
from workflows.engine.catalogue import standard_catalogue
from workflows.engine.expression.functions import FUNCTIONS
from workflows.engine.expression.tree import DATE, DATETIME, NUMBER, TEXT, YES_NO, Kind, Type
from workflows.operations import setting
from workflows.policy import Permission, standard_policy
from workflows.roster.fault import RosterFault
from workflows.roster.verdict import REFUSALS, WARNINGS

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "reference"
NOTE = "<!-- Made from the code by `make reference`; changes belong into the code. -->\n"


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Write a table; bars inside cells are escaped."""
    cells = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def page(title: str, *parts: str) -> str:
    """Write a page from its parts."""
    return "\n".join((f"# {title}\n", NOTE, *(part.strip("\n") + "\n" for part in parts)))


# Settings


def documented_settings() -> dict[str, tuple[str, str]]:
    """Return variable and sentence of each setting that the docstring of Settings tells."""
    told = " ".join((inspect.getdoc(Settings) or "").split())
    found = re.findall(r"`(\w+)` \((SHOUWANG_\w+)\): (.*?)(?= `\w+` \(SHOUWANG|$)", told)
    return {field: (variable, sentence) for field, variable, sentence in found}


def variables_in_code() -> set[str]:
    """Return every environment variable of ours that is named anywhere."""
    files = [path for room in ("models", "workflows", "admin_app", "tests", ".ci") for path in (ROOT / room).rglob("*")]
    read = [path for path in (*files, ROOT / "Makefile") if path.is_file() and path.suffix in ("", ".py")]
    return {name for path in read for name in re.findall(r"SHOUWANG_[A-Z_]+", path.read_text(encoding="utf-8"))}


def settings() -> str:
    """Write settings.md."""
    defaults = Settings.from_environment({}, instance="instance")
    rows = []
    for field, (variable, sentence) in documented_settings().items():
        value = getattr(defaults, field)
        shown = "on" if value is True else value
        rows.append((f"`{variable}`", sentence[0].upper() + sentence[1:], f"`{shown}`" if shown else "empty"))
    switches = [(f"`{key}`", sentence) for key, sentence in words.SWITCHES.items()]
    return page(
        "Settings",
        words.INTRODUCTIONS["settings"],
        table(("variable", "means", "default"), rows),
        "`instance` stands for the folder `instance` beside `admin_app`. A PostgreSQL address may be written as\n"
        "`postgresql://user:password@host/database`; the driver is chosen by the program.\n",
        "## For the tests\n",
        table(("variable", "means"), [(f"`{name}`", meaning) for name, meaning in words.OTHER_VARIABLES.items()]),
        "## Switches in the database\n",
        "Changed on a screen by whoever may, with an entry in the audit trail.\n" if _has_switch_screen() else
        "Kept in the table `setting`; there is no screen for them yet.\n",
        table(("key", "means"), switches),
    )  # fmt: skip


def _has_switch_screen() -> bool:
    views = (ROOT / "admin_app").rglob("*.py")
    return any("switch_officers" in path.read_text(encoding="utf-8") for path in views)


def switches_in_code() -> set[str]:
    """Return the keys of the switches."""
    return {value for name, value in vars(setting).items() if name.endswith("_KEY")}


# Permissions


def permissions() -> str:
    """Write permissions.md."""
    policy = standard_policy()
    rows = [
        (f"`{p.value}`", words.PERMISSIONS[p.value], *(_mark(rules, p) for rules in policy.roles.values()))
        for p in Permission
    ]
    labels = [
        (f"`{key}`", rules.label["zh"], rules.label["en"], _sees(rules), "yes" if key in policy.officers else "")
        for key, rules in policy.roles.items()
    ]
    return page(
        "Permissions",
        words.INTRODUCTIONS["permissions"],
        table(("permission", "lets a person", *(f"`{role}`" for role in policy.roles)), rows),
        "## Roles\n",
        words.INTRODUCTIONS["roles"],
        table(("role", "中文", "English", "sees up to", "officer"), labels),
    )


def _sees(rules: Any) -> str:
    opened = (f"{level} in every `{workflow}` of the place" for workflow, level in rules.opens.items())
    return "; ".join((rules.sees, *opened))


def _mark(rules: Any, permission: Permission) -> str:
    if permission in rules.may:
        return "✓"
    return "(✓)" if permission in rules.officers_off else ""


# Commands


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its full name, groups left out."""
    for name in COMMANDS:
        command = root.get_command(click.Context(root), name)
        assert command is not None
        # `bench` hands everything over to the measurements, which lie beside the program.
        known = importlib.import_module("bench.__main__").bench if name == "bench" else command
        yield from _below(name, known)


def _below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield name, command
        return
    for key, inner in command.commands.items():
        yield from _below(f"{name} {key}", inner)


def command_pages() -> str:
    """Write commands.md."""
    return page(
        "Commands",
        words.INTRODUCTIONS["commands"],
        *(_command(name, command) for name, command in commands()),
    )


def _command(name: str, command: click.Command) -> str:
    usage = " ".join(command.collect_usage_pieces(click.Context(command)))
    options = [param for param in command.params if isinstance(param, click.Option)]
    rows = [(f"`{_spelled(option)}`", option.help or "", _default(option)) for option in options]
    parts = [f"## {name}\n", f"```\nshouwang {name} {usage}\n```\n", f"{english(name)}\n", f"{command.help}\n"]
    return "\n".join(parts + ([table(("option", "说明", "default"), rows)] if rows else []))


def english(name: str) -> str:
    """Return a command's English sentence: written here for those of a group, else its module's own."""
    if name in words.COMMANDS:
        return words.COMMANDS[name]
    told = inspect.getdoc(importlib.import_module(f"admin_app.cli.{name}")) or ""
    sentence = told.partition(": ")[2].partition("\n")[0]
    return sentence[:1].upper() + sentence[1:]


def _spelled(option: click.Option) -> str:
    # A type that is a set of choices tells them itself.
    shown = option.make_metavar(click.Context(click.Command(""))) if not option.is_flag else ""
    return f"{', '.join(option.opts)} {shown}".strip()


def _default(option: click.Option) -> str:
    plain = isinstance(option.default, str | int) and not isinstance(option.default, bool) and option.default != ""
    return f"`{option.default}`" if plain else ""


# Roster codes


def roster_codes() -> str:
    """Write roster-codes.md."""
    refused = [(f"`{code}`", *words.ROSTER_REFUSED[code]) for code in REFUSALS]
    warnings = [(f"`{code}`", words.ROSTER_WARNINGS[code]) for code in WARNINGS]
    files = [(f"`{code}`", words.ROSTER_FILES[code]) for code in file_codes()]
    return page(
        "Roster codes",
        words.INTRODUCTIONS["roster codes"],
        "## Refused\n",
        table(("code", "what is wrong", "mend"), refused),
        "## Mended or noted; the row is accepted\n",
        table(("code", "what was done"), warnings),
        "## The whole file is refused\n",
        table(("code", "what is wrong"), files),
    )


def file_codes() -> list[str]:
    """Return the codes of a refused file that the docstring of RosterFault tells."""
    return re.findall(r"`(\w+)`", (inspect.getdoc(RosterFault) or "").partition("Codes:")[2])


def file_codes_in_code() -> set[str]:
    """Return the codes with which a RosterFault is raised anywhere."""
    rooms = [ROOT / "workflows" / "roster", ROOT / "admin_app" / "exchange"]
    calls = (
        node
        for room in rooms
        for path in room.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "RosterFault"
    )
    return {call.args[0].value for call in calls if call.args and isinstance(call.args[0], ast.Constant)}


# Expressions

TYPES = (TEXT, NUMBER, DATE, DATETIME, YES_NO, *(Type(kind, is_list=True) for kind in Kind))


def expression_functions() -> str:
    """Write expression-functions.md."""
    rows = [
        (f"`{f.shape}`", words.FUNCTIONS[name], str(f.help), *signature(name), "yes" if f.sees_missing else "")
        for name, f in FUNCTIONS.items()
    ]
    offers = standard_catalogue().subjects["child"]
    facts = [
        (f"`{name}`", str(offer.label), offer.label.en, str(offer.type), offer.protection.value)
        for name, offer in offers.items()
    ]
    return page(
        "Expressions",
        words.INTRODUCTIONS["expressions"],
        "## Functions\n",
        table(("function", "gives", "中文", "takes", "type", "is told of missing values"), rows),
        "## What may be asked about a child's case\n",
        words.INTRODUCTIONS["facts"],
        table(("name", "中文", "English", "type", "class"), facts),
    )


def signature(name: str) -> tuple[str, str]:
    """Return what a function takes and gives, found by trying."""
    for count in range(4):
        tried = {args: FUNCTIONS[name].signature(args) for args in product(TYPES, repeat=count)}
        fitting = {args: given for args, given in tried.items() if given is not None}
        if fitting:
            return _taken(list(fitting)), _given(list(fitting.values()))
    raise AssertionError(f"{name} takes nothing up to three arguments")


def _taken(fitting: list[tuple[Type, ...]]) -> str:
    if not fitting[0]:
        return "nothing"
    columns = [dict.fromkeys(args[place] for args in fitting) for place in range(len(fitting[0]))]
    return ", ".join(
        "anything" if len(types) == len(TYPES) else " or ".join(dict.fromkeys(map(_short, types))) for types in columns
    )


def _short(type_: Type) -> str:
    return "a list" if type_.is_list else str(type_)


def _given(types: list[Type]) -> str:
    return str(types[0]) if len(set(types)) == 1 else "the same"


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings,
    "permissions.md": permissions,
    "commands.md": command_pages,
    "roster-codes.md": roster_codes,
    "definition-schema.md": lambda: page("Definitions", definition_schema(table)),
    "expression-functions.md": expression_functions,
    "workflows.md": lambda: page("Workflows of the standard pack", *(listing(one, table) for one in workflows())),
    **{f"workflow-{one.key}.svg": partial(picture, one) for one in workflows()},
}


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (FOLDER / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
