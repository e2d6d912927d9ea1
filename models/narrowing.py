"""The conditions by which a scope narrows what a session reads: options of any statement, or a part of its WHERE."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property, lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    AliasedReturnsRows,
    BindParameter,
    Executable,
    Integer,
    Join,
    Select,
    SelectBase,
    Table,
    bindparam,
    select,
    union,
)
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlalchemy.sql import visitors

from models.base import Base
from models.scope import (
    EVERY_CIRCLE,
    KEYED,
    LEVELS,
    REACHES,
    AuditScoped,
    CaseKeyed,
    ChildKeyed,
    Circled,
    EitherKeyed,
    Placed,
    PlaceKeyed,
    Scope,
    Scoped,
    covered_by,
    open_to,
)

Codes = BindParameter[Any]
_BIT = {level: 1 << number for number, level in enumerate(REACHES)}
MOST_SCOPES = 256  # whose conditions are kept; they hold nothing of a session


class _Form(NamedTuple):
    """What the conditions of scopes that differ in their codes alone have in common."""

    levels: tuple[str, ...]
    has_circles: bool


class Narrowing:
    """One scope's conditions over rows of one kind."""

    def __init__(self, scope: Scope, kind: str) -> None:
        self._scope, self._kind = scope, kind
        self._form: _Form | None = None
        self._values: dict[str, list[Any]] = {}
        self._prepared: dict[Executable, Executable] = {}
        if kind == "business" and scope.system is None:
            self._values = {f"scope_{level}": codes for level, codes in scope.values_by_level().items()}
            self._values |= {"scope_circles": sorted(scope.circles), "scope_parts": sorted(scope.parts)}
            self._form = _Form(tuple(sorted(scope.codes_by_level())), EVERY_CIRCLE not in scope.circles)

    @cached_property
    def options(self) -> tuple[Any, ...]:
        """The conditions as options, which hold wherever a scoped row stands in a statement."""
        criteria = _criteria(self._scope, self._kind)
        return tuple(with_loader_criteria(mixin, one, include_aliases=True) for mixin, one in criteria)

    def apply(self, state: ORMExecuteState) -> None:
        """Narrow the statement that a session is about to run.

        One marked `prepared` lives as long as the program and finds its rows by a key. The conditions become a part of
        its WHERE, once for all scopes of a form: as options they would cost more than the query itself.
        """
        statement = state.statement
        if not state.execution_options.get("prepared"):
            state.statement = statement.options(*self.options)
        elif self._form is not None and (found := _with_conditions(statement, self._form)) is not None:
            state.statement, names = found
            given = cast("Mapping[str, Any]", state.parameters or {})  # one set: what reads does not run for many rows
            state.parameters = {**given, **{name: self._values[name] for name in names}}
        else:
            if statement not in self._prepared:
                self._prepared[statement] = statement.options(*self.options)
            state.statement = self._prepared[statement]


@lru_cache(maxsize=MOST_SCOPES)
def narrowing(scope: Scope, kind: str) -> Narrowing:
    """Return the conditions of a scope over rows of one kind (`business` or `audit`)."""
    return Narrowing(scope, kind)


@cache
def _with_conditions(statement: Executable, form: _Form) -> tuple[Executable, tuple[str, ...]] | None:
    """Return a statement with the conditions in its WHERE and the names of their lists.

    None where they cannot stand there: it has a SELECT within, or scoped rows of several tables or under other names.
    """
    tables = _tables(statement) if isinstance(statement, Select) else None
    if not isinstance(statement, Select) or tables is None:
        return None
    placed = _placed_rows().keys() & tables
    if not placed:
        return statement, ()
    row = _placed_rows()[placed.pop()] if len(placed) == 1 else None
    if row is None or row is not _placed_rows().get(tables[0]) or not issubclass(row, Scoped):
        return None
    names = [f"scope_{level}" for level in form.levels if level in LEVELS or issubclass(row, KEYED[level])]
    conditions = [covered_by(row, {level: _expanding(level) for level in form.levels})]
    if form.has_circles and issubclass(row, Circled):
        names += ["scope_circles", "scope_parts"]
        conditions.append(open_to(row, _expanding("circles"), _expanding("parts")))
    return statement.where(*conditions), tuple(names)


def placed_tables(statement: Select[Any]) -> list[str]:
    """Return the names of the tables in a statement whose rows have a place, wherever they stand in it."""
    return sorted(_placed_rows().keys() & {part.name for part in _parts(statement) if isinstance(part, Table)})


def _parts(statement: Select[Any]) -> list[Any]:
    """Return what a statement is made of, its tables and joins among it, without itself."""
    froms = (part for one in statement.get_final_froms() for part in visitors.iterate(one))
    return [*visitors.iterate(statement), *froms][1:]


def _tables(statement: Select[Any]) -> tuple[str, ...] | None:
    """Return the names of the tables that a statement reads, the one that is never optional in a join first."""
    parts, first = _parts(statement), statement.get_final_froms()[0]
    while isinstance(first, Join):
        first = first.left
    if not isinstance(first, Table) or any(isinstance(part, SelectBase | AliasedReturnsRows) for part in parts):
        return None
    return tuple(dict.fromkeys([first.name, *(part.name for part in parts if isinstance(part, Table))]))


@cache
def _placed_rows() -> Mapping[str, type[Placed]]:
    found = {mapper.local_table: mapper.class_ for mapper in Base.registry.mappers}
    return {table.name: row for table, row in found.items() if isinstance(table, Table) and issubclass(row, Placed)}


def _expanding(key: str) -> Codes:
    return bindparam(f"scope_{key}", expanding=True)


def _criteria(scope: Scope, kind: str) -> Iterator[tuple[type[Placed], Callable[[type[Any]], Any]]]:
    """Choose the conditions; only bound lists of codes stand in the closures, so statements are cached by shape.

    SQLAlchemy names the bound values after the function's code, so one function must not serve two mixins in one
    statement: a session therefore has one scope, of one kind, and each mixin its own functions.
    """
    yield (AuditScoped if kind == "business" else Scoped), _nothing
    if scope.system is not None:
        return
    by_level = scope.codes_by_level()
    if kind == "audit":
        yield AuditScoped, _inside(by_level)
    elif "child" in by_level or "case" in by_level:
        codes = {level: _codes(level, by_level.get(level, [])) for level in LEVELS} | {"held": _held(by_level)}
        yield PlaceKeyed, _several_levels(**codes)
        yield ChildKeyed, _or_child(**codes, child=_numbers("child", by_level))
        yield CaseKeyed, _or_case(**codes, case=_numbers("case", by_level))
        yield EitherKeyed, _or_either(**codes, child=_numbers("child", by_level), case=_numbers("case", by_level))
    else:
        yield Scoped, _inside(by_level)
    if EVERY_CIRCLE not in scope.circles:
        circles: Codes = bindparam("scope_circles", sorted(scope.circles), expanding=True)
        parts: Codes = bindparam("scope_parts", sorted(scope.parts), expanding=True)
        yield (AuditScoped if kind == "audit" else Circled), _outside_circles(circles, parts)


def _nothing(cls: type[Any]) -> Any:
    return cls.school_code.is_(None)


def _inside(by_level: Mapping[str, list[str]]) -> Callable[[type[Any]], Any]:
    """One level is a comparison on its index; several are a union of indexed branches.

    An OR over columns with different indexes scans the table.
    """
    if len(by_level) == 1:
        level, codes = next(iter(by_level.items()))
        return _ONE_LEVEL[level](_codes(level, codes))
    wanted = {level: _codes(level, by_level.get(level, [])) for level in LEVELS}
    return _several_levels(_held(by_level), **wanted)


def _codes(level: str, codes: list[str]) -> Codes:
    return bindparam(f"scope_{level}", codes, expanding=True)


def _numbers(key: str, by_level: Mapping[str, list[str]]) -> Codes:
    return bindparam(f"scope_{key}", [int(code) for code in by_level.get(key, [])], expanding=True)


def _several_levels(held: Codes, **codes: Codes) -> Callable[[type[Any]], Any]:
    city, county, township, school, class_ = (codes[level] for level in LEVELS)
    return lambda cls: cls.id.in_(union(*_legs(cls, held, city, county, township, school, class_)))


def _or_child(held: Codes, child: Codes, **codes: Codes) -> Callable[[type[Any]], Any]:
    city, county, township, school, class_ = (codes[level] for level in LEVELS)
    return lambda cls: cls.id.in_(
        union(*_legs(cls, held, city, county, township, school, class_), _leg(cls, held, "child", child))
    )


def _or_case(held: Codes, case: Codes, **codes: Codes) -> Callable[[type[Any]], Any]:
    city, county, township, school, class_ = (codes[level] for level in LEVELS)
    return lambda cls: cls.id.in_(
        union(*_legs(cls, held, city, county, township, school, class_), _leg(cls, held, "case", case))
    )


def _or_either(held: Codes, child: Codes, case: Codes, **codes: Codes) -> Callable[[type[Any]], Any]:
    city, county, township, school, class_ = (codes[level] for level in LEVELS)
    return lambda cls: cls.id.in_(
        union(
            *_legs(cls, held, city, county, township, school, class_),
            _leg(cls, held, "child", child),
            _leg(cls, held, "case", case),
        )
    )


def _legs(cls: type[Any], held: Codes, *codes: Codes) -> list[Any]:
    return [_leg(cls, held, level, wanted) for level, wanted in zip(LEVELS, codes, strict=True)]


def _leg(cls: type[Any], held: Codes, level: str, wanted: Codes) -> Any:
    """Return the rows at one level.

    A level at which the scope has nothing is known to be empty before a row is read; by its empty list alone SQLite
    would look through the whole table.
    """
    column = getattr(cls, f"{level}_code" if level in LEVELS else f"{level}_id")
    return select(cls.id).where(held.bitwise_and(_BIT[level]) != 0, column.in_(wanted)).correlate(None)


def _held(by_level: Mapping[str, list[str]]) -> Codes:
    """Return as one number at which levels a scope has anything."""
    return bindparam("scope_held", sum(_BIT[level] for level in by_level), Integer)


def _outside_circles(circles: Codes, parts: Codes) -> Callable[[type[Any]], Any]:
    return lambda cls: open_to(cls, circles, parts)


_ONE_LEVEL: dict[str, Callable[[Codes], Callable[[type[Any]], Any]]] = {
    "city": lambda codes: lambda cls: cls.city_code.in_(codes),
    "county": lambda codes: lambda cls: cls.county_code.in_(codes),
    "township": lambda codes: lambda cls: cls.township_code.in_(codes),
    "school": lambda codes: lambda cls: cls.school_code.in_(codes),
    "class": lambda codes: lambda cls: cls.class_code.in_(codes),
}
