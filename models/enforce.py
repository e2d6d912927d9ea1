"""Enforces a session's scope: every statement is narrowed, every flush checked, and without a scope nothing is seen."""

from __future__ import annotations

from sqlalchemy import event, inspect
from sqlalchemy.orm import LoaderCriteriaOption, ORMExecuteState, Session

from models.narrowing import Narrowing, narrowing
from models.scope import OutOfScope, Placed, Scope, Scoped, ScopeMissing


def set_scope(session: Session, scope: Scope, kind: str = "business") -> None:
    """Give a session its scope over rows of one kind (`business` or `audit`); of the other kind it sees nothing."""
    session.info["scope"] = scope
    session.info["scope_kind"] = kind
    session.info["criteria"] = narrowing(scope, kind)


def _keep_inside(state: ORMExecuteState) -> None:
    if state.is_column_load or (state.is_relationship_load and _carries_conditions(state)):
        return
    conditions: Narrowing | None = state.session.info.get("criteria")
    if conditions is None:
        touched = [m.class_.__name__ for m in state.all_mappers if issubclass(m.class_, Placed)]
        if touched:
            raise ScopeMissing(f"a session without a scope asked for {', '.join(touched)}")
    else:
        conditions.apply(state)


def _carries_conditions(state: ORMExecuteState) -> bool:
    """Tell whether the statement that loaded a row handed its conditions on to this one, which loads what belongs."""
    return any(isinstance(option, LoaderCriteriaOption) for option in state.user_defined_options)


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
