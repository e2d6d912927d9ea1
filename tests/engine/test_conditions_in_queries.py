"""A condition holds for the same cases whether a closure, SQLite or PostgreSQL is asked, whatever the answers hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models.case import Case
from models.child import Child
from models.field_value import FieldValue
from models.scope import system_scope
from tests.cast import Cast
from workflows.case_query import CaseQuestion
from workflows.engine.catalogue import standard_catalogue
from workflows.engine.definition import Form
from workflows.engine.expression import ExpressionFault, Facts, compile_condition, compile_value
from workflows.engine.form import field_offers
from workflows.engine.stored import restored
from workflows.operations.case_rows import standing_of
from workflows.operations.field_values import field_values, write_answers

NOW = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)  # the next day already where the schools are
FEW, MANY = 80, 4_000
OWN = {
    "text": "文",
    "number": "数",
    "integer": "整",
    "date": "日",
    "datetime": "时",
    "yes_no": "是",
    "multi_choice": "多",
}
FORM = Form.model_validate(
    {
        "form": "world",
        "title": {"zh": "世界"},
        "fields": [{"key": f"a_{kind}", "type": kind, "label": {"zh": kind}} for kind in OWN],
    }
)
FIELDS = {f.key: f for f in FORM.fields}
SUBJECT = standard_catalogue().subjects["child"]
QUESTION = CaseQuestion({**field_offers(FORM, {}, prefix="case."), **SUBJECT}, FIELDS)

# Letters of several scripts and planes, wildcards and marks of SQL, the same letter in two forms.
LETTERS = 'aZ甲乙𠮷éÉİΣ%_*?[](){};:,.-+/"#—Ａａ１🙂 '
words = st.sampled_from(["甲乙", "aZ", "az", "%", "甲", "a%", "Σé"]) | st.text(st.sampled_from(LETTERS), max_size=6)
written_words = words.map(lambda word: "'" + word.replace("'", "").replace("\\", "") + "'")
written_numbers = st.one_of(
    st.integers(0, 9).map(str),
    st.decimals(0, 400, places=3).map(lambda n: format(n, "f")),
    st.sampled_from(["0.5", "0.000001", "0.000003", "999999999999", "999999999999.999999", "1000003"]),
)
days = (
    st.sampled_from(
        [
            date(1, 1, 1),
            date(9999, 12, 31),
            date(2024, 2, 29),
            date(2026, 11, 21),
            date(1582, 10, 10),
            date(2015, 11, 22),
        ]
    )
    | st.dates()
)
moments = st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)) | st.sampled_from(
    [datetime(2026, 11, 20, 15, 59, 59, 999_999), datetime(2026, 11, 20, 16), datetime(1988, 7, 1, 15, 30)]
)  # fmt: skip


def numbers(depth: int) -> st.SearchStrategy[str]:
    """Expressions that give a number."""
    leaves = st.sampled_from(["case.a_number", "case.a_integer"]) | written_numbers
    if depth == 0:
        return leaves
    inner, a_day = numbers(depth - 1), dates(depth - 1)
    return st.one_of(
        leaves,
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda n: f"(-{n})"),
        st.tuples(inner, inner).map(lambda t: f"coalesce({t[0]}, {t[1]})"),
        inner.map(lambda n: f"round({n})"),
        st.tuples(inner, st.sampled_from("<>"), inner, inner, inner).map(
            lambda t: f"choose({t[0]} {t[1]} {t[2]}, {t[3]}, {t[4]})"
        ),
        texts(depth - 1).map(lambda t: f"len({t})"),
        lists(depth - 1).map(lambda t: f"len({t})"),
        st.tuples(st.sampled_from(["days_since", "days_until", "age", "month"]), a_day).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
        st.tuples(st.sampled_from(["days_since", "days_until"]), times(depth - 1)).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(a_day, a_day).map(lambda t: f"({t[0]} - {t[1]})"),
    )


def texts(depth: int) -> st.SearchStrategy[str]:
    """Expressions that give a text."""
    leaves = st.sampled_from(["case.a_text", "child.village", "child.name"]) | written_words
    if depth == 0:
        return leaves
    inner = texts(depth - 1)
    return st.one_of(
        leaves,
        inner.map(lambda t: f"lower({t})"),
        st.tuples(inner, inner).map(lambda t: f"choose(case.a_yes_no, {t[0]}, {t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"coalesce({t[0]}, {t[1]})"),
    )


def dates(depth: int) -> st.SearchStrategy[str]:
    """Expressions that give a day."""
    leaves = st.sampled_from(["case.a_date", "child.birth_on", "today()"])
    if depth == 0:
        return leaves
    inner = dates(depth - 1)
    return st.one_of(
        leaves,
        times(depth - 1).map(lambda t: f"date_of({t})"),
        st.tuples(inner, st.sampled_from("+-"), numbers(depth - 1)).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, inner).map(lambda t: f"coalesce({t[0]}, {t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"choose(not child.is_poor, {t[0]}, {t[1]})"),
    )


def times(depth: int) -> st.SearchStrategy[str]:
    """Expressions that give a moment."""
    leaves = st.sampled_from(["case.a_datetime", "case.due_at", "case.state_since", "now()"])
    return leaves if depth == 0 else leaves | st.tuples(leaves, leaves).map(lambda t: f"coalesce({t[0]}, {t[1]})")


def lists(depth: int) -> st.SearchStrategy[str]:
    """Expressions that give a list of texts."""
    several = st.lists(texts(max(depth - 1, 0)), min_size=1, max_size=3).map(lambda t: f"[{', '.join(t)}]")
    leaves = st.just("case.a_multi_choice") | several
    return leaves if depth == 0 else leaves | st.tuples(leaves, leaves).map(lambda t: f"coalesce({t[0]}, {t[1]})")


def conditions(depth: int) -> st.SearchStrategy[str]:
    """Expressions that are true or false."""
    below = max(depth - 1, 0)
    order = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    same = st.sampled_from(["==", "!="])
    isin = st.sampled_from(["in", "not in"])
    any_value = numbers(below) | texts(below) | dates(below) | times(below) | lists(below) | st.just("case.a_yes_no")
    atoms = st.one_of(
        st.tuples(numbers(below), order, numbers(below)).map(" ".join),
        st.tuples(dates(below), order, dates(below) | days.map(lambda d: f"'{d.isoformat()}'")).map(" ".join),
        st.tuples(times(below), order, times(below) | moments.map(lambda m: f"'{m.isoformat(' ')}'")).map(" ".join),
        st.tuples(texts(below), same, texts(below)).map(" ".join),
        st.tuples(texts(below), isin, lists(below)).map(" ".join),
        st.tuples(numbers(below), isin, st.lists(numbers(below), min_size=1, max_size=3).map(_listed)).map(" ".join),
        st.tuples(dates(below), isin, st.lists(dates(below), min_size=1, max_size=3).map(_listed)).map(" ".join),
        st.tuples(st.sampled_from(["contains", "starts_with"]), texts(below), texts(below)).map(
            lambda t: f"{t[0]}({t[1]}, {t[2]})"
        ),
        st.tuples(st.sampled_from(["present", "missing"]), any_value).map(lambda t: f"{t[0]}({t[1]})"),
        st.sampled_from(["case.a_yes_no", "child.is_poor", "case.overdue", "True", "False"]),
    )
    if depth == 0:
        return atoms
    inner = conditions(depth - 1).map(lambda c: f"({c})")
    return st.one_of(
        atoms,
        st.lists(inner, min_size=2, max_size=3).map(" and ".join),
        st.lists(inner, min_size=2, max_size=3).map(" or ".join),
        inner.map(lambda c: f"not {c}"),
        st.tuples(inner, same, inner).map(" ".join),
        st.tuples(inner, isin, st.lists(inner, min_size=1, max_size=2).map(_listed)).map(" ".join),
        st.tuples(inner, st.just("in"), st.just("(case.a_yes_no, True)")).map(" ".join),
        st.tuples(inner, inner).map(lambda t: f"choose({t[0]}, {t[1]}, case.a_yes_no)"),
        st.tuples(st.just("case.a_yes_no"), inner).map(lambda t: f"coalesce({t[0]}, {t[1]})"),
    )


def _called(parts: tuple[str, str]) -> str:
    return f"{parts[0]}({parts[1]})"


def _listed(items: list[str]) -> str:
    return f"[{', '.join(items)}]"


mistyped = st.sampled_from(
    [None, 7, 0, 3.5, True, "x", "2026", [], ["x", 1, None], {"sealed": "eA=="}, {}, "1e40", "NaN"]
)
kept_numbers = st.one_of(
    st.sampled_from(["1", "-1", "0", "2.5", "-2.5", "-7", "3", "0.0000005", "-0.0000005"]),
    st.decimals(-100, 100, places=3).map(lambda n: format(n, "f")),
    st.decimals(-(10**13), 10**13, places=8).map(lambda n: format(n, "f")),
    st.sampled_from(["1000000000000", "999999999999.9999996", "1e-18", "0.333333"]),
)
LEFT_OUT = object()


def mostly(right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An answer of the right type six times of seven; else another one, or none at all."""
    return st.integers(0, 13).flatmap(lambda n: st.just(LEFT_OUT) if n == 0 else mistyped if n == 1 else right)


answers = st.fixed_dictionaries(
    {
        "a_text": mostly(words | st.just("长" * 201) | st.just("长" * 200)),
        "a_number": mostly(kept_numbers),
        "a_integer": mostly(st.integers(-12, 12) | st.integers(-(10**14), 10**14)),
        "a_date": mostly(days.map(date.isoformat) | st.sampled_from(["2026-02-30", "昨天"])),
        "a_datetime": mostly(moments.map(lambda m: f"{m:%Y-%m-%d %H:%M}")),
        "a_yes_no": mostly(st.booleans()),
        "a_multi_choice": mostly(st.lists(words | mistyped, max_size=4)),
    }
).map(lambda facts: {key: value for key, value in facts.items() if value is not LEFT_OUT})
aware = moments.map(lambda moment: moment.replace(tzinfo=UTC))
ones = st.fixed_dictionaries(
    {
        "facts": answers,
        "child": st.fixed_dictionaries(
            {"birth_on": days | st.none(), "village": words | st.none(), "is_poor": st.booleans(), "name": words}
        ),
        "case": st.fixed_dictionaries({"due_at": aware | st.none(), "state_since": aware}),
    }
)
One = dict[str, dict[str, Any]]
MEMBERS = 6
worlds = st.lists(ones, min_size=MEMBERS, max_size=MEMBERS)


@dataclass(frozen=True)
class World:
    """Six cases of six children in an open transaction, whose answers and columns each example writes anew."""

    session: Session
    cases: list[Case]

    def become(self, ones: list[One]) -> dict[int, Facts]:
        """Write the answers and columns of an example; returns what a closure is given, by case."""
        self.session.execute(delete(FieldValue))
        facts = {}
        for case, one in zip(self.cases, ones, strict=True):
            of_case, of_child = update(Case).where(Case.id == case.id), update(Child).where(Child.id == case.child_id)
            self.session.execute(of_case.values(**one["case"]).execution_options(synchronize_session=False))
            self.session.execute(of_child.values(**one["child"]).execution_options(synchronize_session=False))
            write_answers(self.session, field_values(standing_of(case), FIELDS, one["facts"]))
            facts[case.id] = self._told(case, one)
        return facts

    def _told(self, case: Case, one: One) -> Facts:
        due = one["case"]["due_at"]
        return {
            **{f"case.{key}": restored(FIELDS[key], value) for key, value in one["facts"].items()},
            **{f"child.{key}": value for key, value in one["child"].items()},
            **{f"case.{key}": value for key, value in one["case"].items()},
            "case.state": case.state,
            "case.overdue": due is not None and due < NOW,
        }

    def asked(self, written: str) -> set[int]:
        """Return the cases that the database finds."""
        ids = [case.id for case in self.cases]
        found = QUESTION.where(written, NOW).joined(select(Case.id).where(Case.id.in_(ids)))
        with self.session.begin_nested():  # what PostgreSQL refuses would end the transaction for every later example
            return set(self.session.scalars(found))


@pytest.fixture(scope="module")
def world(shared_cast: Cast) -> Iterator[World]:
    """The world in a database of each kind."""
    children = [shared_cast.add_child("ZX-2302", f"林小{mark}") for mark in "甲乙丙丁戊己"]
    numbers = [shared_cast.open_case(child) for child in children]
    with shared_cast.database.session(system_scope("tests"), write=True) as session:
        yield World(session, list(session.scalars(select(Case).where(Case.number.in_(numbers)).order_by(Case.id))))
        session.rollback()


def _asked_alike(world: World, facts: dict[int, Facts], written: str) -> None:
    try:
        closure = compile_condition(written, QUESTION.offers)
    except ExpressionFault as fault:
        if fault.code in ("expression_too_long", "expression_too_deep"):
            reject()
        raise
    assert world.asked(written) == {case for case, known in facts.items() if closure.holds(known, NOW)}, written


def _check_conditions(world: World, written: list[str], ones: list[One]) -> None:
    facts = world.become(ones)
    for one in written:
        _asked_alike(world, facts, one)


def _check_values(world: World, written: list[str], ones: list[One]) -> None:
    """Ask for what the closure gives for each case as it would be written."""
    facts = world.become(ones)
    for one in written:
        values = [compile_value(one, QUESTION.offers).value(known, NOW) for known in facts.values()]
        for value in dict.fromkeys(values):
            if (constant := _as_written(value)) is not None:
                _asked_alike(world, facts, f"{one} == {constant}")


def _as_written(value: object) -> str | None:
    if isinstance(value, Decimal):
        return format(value, "f") if len(format(value, "f")) <= 20 else None
    if isinstance(value, date):
        return f"'{value.isoformat()}'"
    is_plain = isinstance(value, str) and value.isprintable() and not set(value) & set("'\\")
    return f"'{value}'" if is_plain else None


few = settings(max_examples=FEW, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(few, max_examples=MANY)
some_conditions = st.lists(conditions(3), min_size=4, max_size=4)
some_values = st.lists(numbers(3) | dates(3) | texts(2), min_size=3, max_size=3)


@few
@given(some_conditions, worlds)
def test_a_query_finds_those_for_whom_the_closure_holds(world: World, written: list[str], ones: list[One]) -> None:
    _check_conditions(world, written, ones)


@few
@given(some_values, worlds)
def test_a_query_computes_what_the_closure_computes(world: World, written: list[str], ones: list[One]) -> None:
    _check_values(world, written, ones)


@pytest.mark.deep
@many
@given(some_conditions, worlds)
def test_thousands_of_queries_find_the_same(world: World, written: list[str], ones: list[One]) -> None:
    _check_conditions(world, written, ones)


@pytest.mark.deep
@many
@given(some_values, worlds)
def test_thousands_of_queries_compute_the_same(world: World, written: list[str], ones: list[One]) -> None:
    _check_values(world, written, ones)
