"""Row scope: which rows a person's posts let a session see, enforced on every statement and failing closed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    String,
    bindparam,
    event,
    false,
    inspect,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column, with_loader_criteria

from models.types import new_id

LEVELS = ("city", "county", "township", "school", "class")
NO_PLACE = "-"


class ScopeMissing(RuntimeError):
    """A session without a scope touched a scoped table."""


class OutOfScope(RuntimeError):
    """A flush would write a row outside the session's scope, or move a row's record of its first school."""


@dataclass(frozen=True)
class Branch:
    """A subtree of the organisation: all rows whose code at `level` is `code`."""

    level: str
    code: str

    def __post_init__(self) -> None:
        if self.level not in LEVELS or not self.code or self.code == NO_PLACE or "," in self.code:
            raise ValueError(f"no such branch: {self.level} {self.code!r}")

    def covers(self, codes: Mapping[str, str]) -> bool:
        """Tell whether a row with these level codes lies under the branch."""
        return codes.get(self.level) == self.code


@dataclass(frozen=True)
class Scope:
    """What a session may see: branches of the tree, or everything under a named system scope."""

    branches: frozenset[Branch] = frozenset()
    system: str | None = None

    @classmethod
    def of(cls, branches: Iterable[Branch]) -> Scope:
        """Make a scope of the union of branches."""
        return cls(branches=frozenset(branches))

    def covers(self, codes: Mapping[str, str]) -> bool:
        """Tell whether a row with these level codes is inside."""
        return self.system is not None or any(b.covers(codes) for b in self.branches)

    def codes_by_level(self) -> dict[str, list[str]]:
        """Return the codes of the branches, sorted, for each level that has any."""
        found: dict[str, list[str]] = {}
        for branch in self.branches:
            found.setdefault(branch.level, []).append(branch.code)
        return {level: sorted(codes) for level, codes in found.items()}

    def row_condition(self, cls: type[Any]) -> ColumnElement[bool]:
        """Return the scope as a condition for tables that the session does not narrow, and for Core SQL."""
        if self.system is not None:
            return true()
        by_level = self.codes_by_level()
        return or_(false(), *(getattr(cls, f"{level}_code").in_(codes) for level, codes in by_level.items()))


def system_scope(name: str) -> Scope:
    """Return the scope of a named part of the system (log-in, worker, sealer) that works across all places."""
    return Scope(system=name)


class Placed:
    """Level codes of a row, set by the server; `-` where a level does not exist."""

    scope_kind: ClassVar[str]

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, default=new_id)
    city_code: Mapped[str] = mapped_column("city_code", String(40))
    county_code: Mapped[str] = mapped_column("county_code", String(40))
    township_code: Mapped[str] = mapped_column("township_code", String(40))
    school_code: Mapped[str] = mapped_column("school_code", String(40))
    class_code: Mapped[str] = mapped_column("class_code", String(40))

    @property
    def level_codes(self) -> dict[str, str]:
        """The row's code at each level."""
        return {level: getattr(self, f"{level}_code") for level in LEVELS}

    def place_at(self, codes: Mapping[str, str]) -> None:
        """Set the row's level codes from those of a place or of the child it belongs to."""
        for level in LEVELS:
            setattr(self, f"{level}_code", codes[level])


class Scoped(Placed):
    """A business row: seen and written only inside the session's business scope."""

    scope_kind: ClassVar[str] = "business"


class AuditScoped(Placed):
    """A row of the audit trail: seen only by a session opened on the trail, written by every operation."""

    scope_kind: ClassVar[str] = "audit"


def set_scope(session: Session, scope: Scope, kind: str = "business") -> None:
    """Give a session its scope over rows of one kind (`business` or `audit`); of the other kind it sees nothing."""
    session.info["scope"] = scope
    session.info["scope_kind"] = kind
    session.info["criteria"] = [
        with_loader_criteria(mixin, criterion, include_aliases=True)
        for mixin in (Scoped, AuditScoped)
        if (criterion := _criterion_for(mixin, scope, kind)) is not None
    ]


def _criterion_for(mixin: type[Placed], scope: Scope, kind: str) -> Callable[[type[Any]], Any] | None:
    if mixin.scope_kind != kind:
        return _nothing
    return None if scope.system is not None else _criterion(scope)


def _nothing(cls: type[Any]) -> Any:
    return cls.school_code.is_(None)


def _criterion(scope: Scope) -> Callable[[type[Any]], Any]:
    """Choose the condition's shape; only bound lists of codes stand in the closures, so statements are cached by shape.

    One level is a comparison on its index; several are a union of indexed branches, because an OR over columns with
    different indexes scans the table. SQLAlchemy names the bound values after the function's code, so one function
    must not serve two mixins in one statement: a session therefore has one scope, of one kind.
    """
    by_level = scope.codes_by_level()
    if len(by_level) == 1:
        level, codes = next(iter(by_level.items()))
        return _ONE_LEVEL[level](_codes(level, codes))
    return _several_levels(*(_codes(level, by_level.get(level, [])) for level in LEVELS))


def _codes(level: str, codes: list[str]) -> BindParameter[list[str]]:
    return bindparam(f"scope_{level}", codes, expanding=True)


def _several_levels(
    city: BindParameter[list[str]],
    county: BindParameter[list[str]],
    township: BindParameter[list[str]],
    school: BindParameter[list[str]],
    class_: BindParameter[list[str]],
) -> Callable[[type[Any]], Any]:
    return lambda cls: cls.id.in_(
        union(
            select(cls.id).where(cls.city_code.in_(city)).correlate(None),
            select(cls.id).where(cls.county_code.in_(county)).correlate(None),
            select(cls.id).where(cls.township_code.in_(township)).correlate(None),
            select(cls.id).where(cls.school_code.in_(school)).correlate(None),
            select(cls.id).where(cls.class_code.in_(class_)).correlate(None),
        )
    )


_ONE_LEVEL: dict[str, Callable[[BindParameter[list[str]]], Callable[[type[Any]], Any]]] = {
    "city": lambda codes: lambda cls: cls.city_code.in_(codes),
    "county": lambda codes: lambda cls: cls.county_code.in_(codes),
    "township": lambda codes: lambda cls: cls.township_code.in_(codes),
    "school": lambda codes: lambda cls: cls.school_code.in_(codes),
    "class": lambda codes: lambda cls: cls.class_code.in_(codes),
}


def _keep_inside(state: ORMExecuteState) -> None:
    if state.is_column_load or state.is_relationship_load:
        return
    criteria = state.session.info.get("criteria")
    if criteria is None:
        touched = [m.class_.__name__ for m in state.all_mappers if issubclass(m.class_, Placed)]
        if touched:
            raise ScopeMissing(f"a session without a scope asked for {', '.join(touched)}")
    elif criteria:
        state.statement = state.statement.options(*criteria)


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
    attributes = inspect(row).attrs
    removed = attributes[attribute].history.deleted if attribute in attributes else ()
    return removed[0] if removed else None


def guard(session_class: type[Session]) -> None:
    """Fit the scope to a session class: every read is narrowed, every write checked."""
    event.listen(session_class, "do_orm_execute", _keep_inside)
    event.listen(session_class, "before_flush", _guard_flush)
