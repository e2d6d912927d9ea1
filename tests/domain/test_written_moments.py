"""Moments as people write them, and the question of a form that asks for one."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cast import NOW
from workflows.clock import LOCAL
from workflows.engine.definition import Form
from workflows.engine.form import FormValidator, compile_form
from workflows.engine.loader import read_definition
from workflows.engine.stored import restored
from workflows.values.moments import parse_moment, read_moment, write_moment
from workflows.values.parsed import ValueRefused


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-20T09:40", "2026-11-20 09:40", "2026-11-20 9:40", "2026-11-20T09:40:59", "2026.11.20 09:40",
        "2026/11/20 9:40", "2026年11月20日 9点40分", "2026年11月20日9时40分", "２０２６-11-20　09：40",
        "20261120 09:40", "2026年11月20日上午9点40",
    ],
)  # fmt: skip
def test_a_moment_is_read_in_every_usual_way(written: str) -> None:
    assert write_moment(parse_moment(written).value) == "2026-11-20 09:40"


def test_an_hour_after_noon_is_counted_on() -> None:
    assert write_moment(parse_moment("2026年11月20日下午3点05分").value) == "2026-11-20 15:05"
    assert write_moment(parse_moment("2026-11-20 晚上8点").value) == "2026-11-20 20:00"


@pytest.mark.parametrize(
    "written", ["2026-11-20", "09:40", "2026-11-20 25:00", "2026-13-20 09:40", "soon", "9:", ":::", "2026-11-20 9:77"]
)
def test_what_is_no_moment_is_refused_in_words(written: str) -> None:
    with pytest.raises(ValueRefused) as refusal:
        parse_moment(written)
    assert refusal.value.text.params


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading(written: str) -> None:
    with suppress(ValueRefused):
        assert parse_moment(written).value.tzinfo is not None


@given(st.datetimes(datetime(1992, 1, 1), datetime(2190, 1, 1)))
def test_what_is_written_is_read_back_to_the_minute(at: datetime) -> None:
    moment = at.replace(tzinfo=UTC)
    assert moment - timedelta(minutes=1) < read_moment(write_moment(moment)) <= moment


@pytest.fixture(scope="module")
def told() -> FormValidator:
    written = "form: told\ntitle: {zh: 告知}\nfields:\n"
    written += "  - {key: at, type: datetime, label: {zh: 时刻}, min: 2026-11-01, max: today}\n"
    form = read_definition(written, "told.yaml").definition
    assert isinstance(form, Form)
    return compile_form(form)


def test_a_question_keeps_the_moment_and_gives_it_back(told: FormValidator) -> None:
    verdict = told.check({"at": "2026-11-20T09:30"}, {}, now=NOW)
    assert verdict.values == {"at": NOW - timedelta(minutes=10)}
    assert verdict.stored() == {"at": "2026-11-20 09:30"}
    assert restored(told.definition.field("at"), "2026-11-20 09:30") == datetime(2026, 11, 20, 9, 30, tzinfo=LOCAL)


@pytest.mark.parametrize("typed", ["2026-11-20 09:41", "2026-11-21 08:00", "2026-10-31 23:59"])
def test_a_question_refuses_what_lies_outside_its_bounds(told: FormValidator, typed: str) -> None:
    assert set(told.check({"at": typed}, {}, now=NOW).faults) == {"at"}
