"""Enforces a session's scope: every statement is narrowed, every flush checked, and without a scope nothing is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, Executable, bindparam, event, inspect, or_, select, union
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from models.scope import (
    EVERY_CIRCLE,
    LEVELS,
    AuditScoped,
    CaseKeyed,
    ChildKeyed,
    Circled,
    EitherKeyed,
    OutOfScope,
    Placed,
    PlaceKeyed,
    Scope,
    Scoped,
    ScopeMissing,
)

Codes = BindParameter[Any]
MOST_SCOPES = 256  # whose conditions are kept; they hold nothing of a session


def set_scope(session: Session, scope: Scope, kind: str = "business") -> None:
    """Give a session its scope over rows of one kind (`business` or `audit`); of the other kind it sees nothing."""
    session.info["scope"] = scope
    session.info["scope_kind"] = kind
    session.info["criteria"] = _narrowing(scope, kind)


class _Narrowing:
    """One scope's conditions, and the prepared statements that carry them already."""

    def __init__(self, options: tuple[Any, ...]) -> None:
        self.options = options
        self._prepared: dict[Executable, Executable] = {}

    def applied(self, state: ORMExecuteState) -> Executable:
        """Return a statement with the conditions; one marked `prepared` lives as long as the program and is kept."""
        if not state.execution_options.get("prepared"):
            return state.statement.options(*self.options)
        found = self._prepared.get(state.statement)
        if found is None:
            found = self._prepared[state.statement] = state.statement.options(*self.options)
        return found


@lru_cache(maxsize=MOST_SCOPES)
def _narrowing(scope: Scope, kind: str) -> _Narrowing:
    criteria = _criteria(scope, kind)
    return _Narrowing(tuple(with_loader_criteria(mixin, one, include_aliases=True) for mixin, one in criteria))


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
        codes = {level: _codes(level, by_level.get(level, [])) for level in LEVELS}
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
    return _several_levels(**{level: _codes(level, by_level.get(level, [])) for level in LEVELS})


def _codes(level: str, codes: list[str]) -> Codes:
    return bindparam(f"scope_{level}", codes, expanding=True)


def _numbers(key: str, by_level: Mapping[str, list[str]]) -> Codes:
    return bindparam(f"scope_{key}", [int(code) for code in by_level.get(key, [])], expanding=True)


def _several_levels(**codes: Codes) -> Callable[[type[Any]], Any]:
    city, county, township, school, class_ = (codes[level] for level in LEVELS)
    return lambda cls: cls.id.in_(union(*_legs(cls, city, county, township, school, class_)))


def _or_child(child: Codes, **codes: Codes) -> Callable[[type[Any]], Any]:
    city, county, township, school, class_ = (codes[level] for level in LEVELS)
    return lambda cls: cls.id.in_(
        union(*_legs(cls, city, county, township, school, class_), _leg(cls, cls.child_id, child))
    )


def _or_case(case: Codes, **codes: Codes) -> Callable[[type[Any]], Any]:
    city, county, township, school, class_ = (codes[level] for level in LEVELS)
    return lambda cls: cls.id.in_(
        union(*_legs(cls, city, county, township, school, class_), _leg(cls, cls.case_id, case))
    )


def _or_either(child: Codes, case: Codes, **codes: Codes) -> Callable[[type[Any]], Any]:
    city, county, township, school, class_ = (codes[level] for level in LEVELS)
    return lambda cls: cls.id.in_(
        union(
            *_legs(cls, city, county, township, school, class_),
            _leg(cls, cls.child_id, child),
            _leg(cls, cls.case_id, case),
        )
    )


def _legs(cls: type[Any], *codes: Codes) -> list[Any]:
    return [_leg(cls, getattr(cls, f"{level}_code"), wanted) for level, wanted in zip(LEVELS, codes, strict=True)]


def _leg(cls: type[Any], column: Any, wanted: Codes) -> Any:
    return select(cls.id).where(column.in_(wanted)).correlate(None)


def _outside_circles(circles: Codes, parts: Codes) -> Callable[[type[Any]], Any]:
    return lambda cls: or_(cls.circle == "", cls.circle.in_(circles), cls.case_id.in_(parts))


_ONE_LEVEL: dict[str, Callable[[Codes], Callable[[type[Any]], Any]]] = {
    "city": lambda codes: lambda cls: cls.city_code.in_(codes),
    "county": lambda codes: lambda cls: cls.county_code.in_(codes),
    "township": lambda codes: lambda cls: cls.township_code.in_(codes),
    "school": lambda codes: lambda cls: cls.school_code.in_(codes),
    "class": lambda codes: lambda cls: cls.class_code.in_(codes),
}


def _keep_inside(state: ORMExecuteState) -> None:
    if state.is_column_load or state.is_relationship_load:
        return
    narrowing: _Narrowing | None = state.session.info.get("criteria")
    if narrowing is None:
        touched = [m.class_.__name__ for m in state.all_mappers if issubclass(m.class_, Placed)]
        if touched:
            raise ScopeMissing(f"a session without a scope asked for {', '.join(touched)}")
    elif narrowing.options:
        state.statement = narrowing.applied(state)


def _guard_flush(session: Session, context: object, instances: object) -> None:
    scope: Scope | None = session.info.get("scope")
    for row in (*session.new, *session.dirty, *session.deleted):
        if not isinstance(row, Scoped):
            continue
        if scope is None:
            raise ScopeMissing(f"a session without a scope writes {type(row).__name__}")
        if not (scope.covers(row.level_codes) and scope.covers(_codes_before(row))):
            raise OutOfScope(f"{type(row).__name__} lies outside the scope of this session")
        if row not in session.new and _before(row, "made_at_school"):
            raise OutOfScope("the school where a record was made does not change")


def _codes_before(row: Scoped) -> dict[str, str]:
    return {level: _before(row, f"{level}_code") or now for level, now in row.level_codes.items()}


def _before(row: Scoped, attribute: str) -> str | None:
    old = inspect(row).committed_state.get(attribute)
    return old if isinstance(old, str) and old != getattr(row, attribute) else None


def guard(session_class: type[Session]) -> None:
    """Fit the scope to a session class: every read is narrowed, every write checked."""
    event.listen(session_class, "do_orm_execute", _keep_inside)
    event.listen(session_class, "before_flush", _guard_flush)
