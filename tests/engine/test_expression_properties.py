"""Whatever is written and whatever the facts hold: a condition is refused politely, or answers like plain sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from workflows.engine.expression import Expression, ExpressionFault, Offer, Type, compile_condition
from workflows.engine.expression.tree import DATE, DATETIME, NUMBER, TEXT, YES_NO, Kind
from workflows.engine.vocabulary import Label

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
WORD = Label(zh="字")
OFFERS = {
    "a.text": Offer(TEXT, WORD),
    "a.number": Offer(NUMBER, WORD),
    "a.day": Offer(DATE, WORD),
    "a.moment": Offer(DATETIME, WORD),
    "a.yes": Offer(YES_NO, WORD),
    "a.many": Offer(Type(Kind.TEXT, is_list=True), WORD),
}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}

texts = st.sampled_from(["甲", "乙", "丙", ""])
days = st.dates(date(2026, 1, 1), date(2026, 1, 9))
numbers = st.integers(-4, 4)
missing = st.none()
wrong = st.sampled_from([b"x", 3.5j, {}, object()])
facts_of_one = st.fixed_dictionaries(
    {},
    optional={
        "a.text": texts | missing | wrong | numbers,
        "a.number": numbers | missing | wrong | texts | st.booleans(),
        "a.day": days | missing | wrong | texts,
        "a.yes": st.booleans() | missing | wrong | numbers,
        "a.many": st.lists(texts | wrong, max_size=3) | missing | wrong | texts,
    },
)
worlds = st.lists(facts_of_one, min_size=1, max_size=8)
World = list[dict[str, Any]]


@dataclass(frozen=True)
class Said:
    """A condition as written, and its meaning: which members of a world it holds for."""

    written: str
    meaning: Callable[[World], frozenset[int]]


def having(world: World, name: str, kind: type) -> dict[int, Any]:
    """Give the members that have a value of exactly this kind."""
    return {i: one[name] for i, one in enumerate(world) if type(one.get(name)) is kind}


def compared(name: str, kind: type, operator: str, constant: Any, written: str) -> Said:
    def meaning(world: World) -> frozenset[int]:
        return frozenset(i for i, value in having(world, name, kind).items() if COMPARE[operator](value, constant))

    return Said(f"{name} {operator} {written}", meaning)


def among(constants: list[str], negated: bool) -> Said:
    def meaning(world: World) -> frozenset[int]:
        return frozenset(i for i, v in having(world, "a.text", str).items() if (v in constants) is not negated)

    listed = ", ".join(repr(c) for c in constants)
    return Said(f"a.text {'not in' if negated else 'in'} [{listed}]", meaning)


def inside(constant: str, negated: bool) -> Said:
    def meaning(world: World) -> frozenset[int]:
        held = having(world, "a.many", list)
        return frozenset(i for i, v in held.items() if (constant in [x for x in v if type(x) is str]) is not negated)

    return Said(f"{constant!r} {'not in' if negated else 'in'} a.many", meaning)


def sum_of(addend: int, operator: str, limit: int) -> Said:
    def meaning(world: World) -> frozenset[int]:
        return frozenset(i for i, v in having(world, "a.number", int).items() if COMPARE[operator](v + addend, limit))

    return Said(f"a.number + {addend} {operator} {limit}", meaning)


def quotient(operator: str, limit: int) -> Said:
    def meaning(world: World) -> frozenset[int]:
        held = having(world, "a.number", int)
        return frozenset(i for i, v in held.items() if v != 0 and COMPARE[operator](12 / v, limit))

    return Said(f"12 / a.number {operator} {limit}", meaning)


def plain_yes(world: World) -> frozenset[int]:
    return frozenset(i for i, v in having(world, "a.yes", bool).items() if v)


def present(name: str, kind: type) -> Said:
    return Said(f"present({name})", lambda world: frozenset(having(world, name, kind)))


operators = st.sampled_from(list(COMPARE))
atoms = st.one_of(
    st.builds(lambda o, c: compared("a.text", str, o, c, repr(c)), st.sampled_from(["==", "!="]), texts),
    st.builds(lambda o, c: compared("a.number", int, o, c, str(c)), operators, numbers),
    st.builds(lambda o, c: compared("a.day", date, o, c, repr(c.isoformat())), operators, days),
    st.builds(among, st.lists(texts, min_size=1, max_size=3), st.booleans()),
    st.builds(inside, texts, st.booleans()),
    st.builds(sum_of, numbers.map(abs), operators, numbers),
    st.builds(quotient, operators, numbers),
    st.just(Said("a.yes", plain_yes)),
    st.sampled_from([present("a.text", str), present("a.day", date), present("a.yes", bool), present("a.many", list)]),
)


def joined(both: tuple[Said, Said, bool]) -> Said:
    one, other, is_and = both
    if is_and:
        return Said(f"({one.written} and {other.written})", lambda w: one.meaning(w) & other.meaning(w))
    return Said(f"({one.written} or {other.written})", lambda w: one.meaning(w) | other.meaning(w))


def opposite(one: Said) -> Said:
    return Said(f"not ({one.written})", lambda w: frozenset(range(len(w))) - one.meaning(w))


conditions = st.recursive(
    atoms,
    lambda deeper: st.tuples(deeper, deeper, st.booleans()).map(joined) | deeper.map(opposite),
    max_leaves=8,
)


@settings(max_examples=200)
@given(conditions, worlds)
def test_a_closure_answers_like_plain_sets(said: Said, world: World) -> None:
    expression = compile_condition(said.written, OFFERS)
    answered = frozenset(i for i, facts in enumerate(world) if expression.holds(facts, NOW))
    assert answered == said.meaning(world)


@settings(max_examples=100)
@given(conditions, worlds)
def test_not_is_two_valued(said: Said, world: World) -> None:
    plain, negated = compile_condition(said.written, OFFERS), compile_condition(f"not ({said.written})", OFFERS)
    for facts in world:
        assert plain.holds(facts, NOW) is not negated.holds(facts, NOW)
        assert bool(plain.unmet(facts, NOW)) is not plain.holds(facts, NOW)
    assert str(plain.explain())


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(),
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.lists(st.text() | st.integers() | st.dates()),
    st.binary(),
)
EVERY_FUNCTION = [
    "days_since(a.day) > a.number",
    "days_until(a.moment) > a.number",
    "age(a.day) / a.number > 1",
    "date_of(a.moment) - a.day > a.number * a.number",
    "a.day + a.number > today()",
    "a.day - a.number * a.number < today()",
    "month(a.day) == len(a.many)",
    "contains(lower(a.text), a.text) or starts_with(a.text, a.text)",
    "coalesce(a.number, 0) / len(a.text) > 0",
    "coalesce(a.moment, now()) < now()",
    "a.text in a.many or a.day in (today(), '2026-01-01') or missing(a.yes)",
    "a.number * a.number * a.number * a.number != a.number - 1",
]


@settings(max_examples=150)
@given(st.fixed_dictionaries(dict.fromkeys(OFFERS, anything)), st.sampled_from(EVERY_FUNCTION))
def test_no_facts_make_a_condition_fail(facts: dict[str, Any], written: str) -> None:
    assert compile_condition(written, OFFERS).holds(facts, NOW) in (True, False)


PIECES = (
    "a.text a.number a.day and or not in == < ( ) '甲' 1 , len [ ] + - / * . today None lambda : # if else for ' \\"
)
pieces = st.sampled_from([*PIECES.split(" "), "\n", " ", "__class__"])


def compiled(written: str) -> Expression | ExpressionFault:
    """Compile a condition, or give its fault."""
    try:
        return compile_condition(written, OFFERS)
    except ExpressionFault as fault:
        return fault


@settings(max_examples=300)
@given(st.lists(pieces, max_size=14).map(" ".join) | st.text(max_size=40))
@example("\ud800")
@example("'\ud800' == a.text")
@example("a.text == '" + "x" * 1900 + "'")
def test_no_text_makes_the_reader_fail(written: str) -> None:
    answer = compiled(written)
    if isinstance(answer, Expression):
        assert answer.holds({}, NOW) in (True, False)
        assert str(answer.explain())
        return
    lines = written.split("\n")
    assert 1 <= answer.line <= len(lines)
    assert 1 <= answer.column <= len(lines[answer.line - 1]) + 1
    assert str(answer.message)
