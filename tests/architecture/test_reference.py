"""docs/reference tells every setting, permission, command, code, key and function, as the code has them today."""

from __future__ import annotations

from dataclasses import fields

import click
import pytest

from admin_app.config import Settings
from tests.architecture import reference
from tests.architecture import reference_words as words
from tests.architecture.reference_definitions import PARTS, WRITTEN_AS_TEXT, keys_of, parts_in_code
from workflows.engine.expression.functions import FUNCTIONS
from workflows.policy import Permission
from workflows.roster.verdict import REFUSALS, WARNINGS


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_is_as_the_code_would_write_it(name: str) -> None:
    written = (reference.FOLDER / name).read_text(encoding="utf-8")
    assert written == reference.PAGES[name](), "run `make reference`"


def test_every_page_of_the_folder_comes_from_the_code() -> None:
    assert {path.name for path in reference.FOLDER.iterdir()} == set(reference.PAGES)


def test_every_setting_is_told() -> None:
    told = reference.documented_settings()
    assert list(told) == [field.name for field in fields(Settings)]
    assert reference.variables_in_code() == {variable for variable, _ in told.values()} | set(words.OTHER_VARIABLES)


def test_every_switch_is_told() -> None:
    assert reference.switches_in_code() == set(words.SWITCHES)


def test_every_permission_is_told() -> None:
    assert list(words.PERMISSIONS) == [permission.value for permission in Permission]


def test_every_command_and_option_is_told() -> None:
    silent = [
        (name, param.name)
        for name, command in reference.commands()
        for param in command.params
        if isinstance(param, click.Option) and not param.help
    ]
    assert silent == []
    assert [name for name, command in reference.commands() if not command.help] == []


def test_every_command_has_an_english_sentence() -> None:
    names = [name for name, _ in reference.commands()]
    assert [name for name in names if not reference.english(name)] == []
    assert set(words.COMMANDS) <= set(names)


def test_every_roster_code_is_told() -> None:
    assert tuple(words.ROSTER_REFUSED) == REFUSALS
    assert tuple(words.ROSTER_WARNINGS) == WARNINGS
    assert list(words.ROSTER_FILES) == reference.file_codes()
    assert reference.file_codes_in_code() <= set(reference.file_codes())


def test_every_expression_function_is_told() -> None:
    assert list(words.FUNCTIONS) == list(FUNCTIONS)


def test_every_part_and_key_of_a_definition_is_told() -> None:
    assert parts_in_code() == {*PARTS, *WRITTEN_AS_TEXT}
    assert {part.__name__: list(keys_of(part)) for part in PARTS} == {
        part.__name__: list(words.DEFINITION_KEYS[part.__name__]) for part in PARTS
    }
    assert all(key in words.DEFINITION_KEYS[part] for part, key in words.NOT_YET)
