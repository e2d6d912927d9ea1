"""Asks the database for the cases for which a condition holds: what lists are filtered and bulk moves are chosen by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, false, func, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import InstrumentedAttribute

from models.case import Case
from models.child import Child
from models.place import Place
from workflows.engine.catalogue import CASE_FACTS, standard_catalogue
from workflows.engine.definition import FormField
from workflows.engine.expression import Expression, Offer, Offers, compile_condition
from workflows.engine.expression.check import fault_at_name
from workflows.engine.expression.sql import Answer, condition, ways_in
from workflows.engine.expression.tree import Kind, names_in, texts_in
from workflows.engine.published import WorkflowVersion, workflow_in_force
from workflows.engine.vocabulary import Protection
from workflows.text import text

Chosen = TypeVar("Chosen", bound=Select[*tuple[Any, ...]])
CHILD, CASE = "child.", "case."
MOST_RARE = 1_000  # cases
_TABLES = {"child": Child.__table__, "place": Place.__table__}
# What anybody may type stands in no saved view, where erasure would not reach it, but for these.
_NO_PERSON = frozenset(
    {"case.state", "child.status", "child.village", "child.ethnicity", "place.kind", "place.name", "child.call_first"}
)
_OF_CASE: Mapping[str, InstrumentedAttribute[Any]] = {
    "case.state": Case.state,
    "case.state_since": Case.state_since,
    "case.opened_at": Case.opened_at,
    "case.due_at": Case.due_at,
}


@dataclass(frozen=True)
class CaseQuestion:
    """What a condition on cases may read: the names offered, and those whose answers stand in columns."""

    offers: Offers
    kept: Mapping[str, FormField] = field(default_factory=dict)

    @classmethod
    def of(cls, version: WorkflowVersion | None) -> CaseQuestion:
        """Return what may be asked of a workflow's cases; without one, what all cases of children have."""
        if version is not None:
            return cls({**version.offers, **CASE_FACTS}, version.kept)
        offers = standard_catalogue().subjects["child"]
        return cls({name: offer for name, offer in offers.items() if name.startswith((CHILD, CASE))})

    def askable(self) -> dict[str, Offer]:
        """Return the names that a query can ask, in the order offered."""
        return {name: offer for name, offer in self.offers.items() if self._reads(name, offer)}

    def keeps_names(self, expression: Expression) -> bool:
        """Tell whether a condition holds words that may be somebody's name, so that it must not be saved."""
        names = [name for name in names_in(expression.tree) if name.type.kind is Kind.TEXT]
        known = {value for name in names for value in name.offer.options}
        is_free = any(not name.offer.options and name.name not in _NO_PERSON for name in names)
        return is_free and any(value not in known for value in texts_in(expression.tree))

    def _reads(self, name: str, offer: Offer) -> bool:
        if offer.protection > Protection.P1:
            return False
        if name in CASE_FACTS:
            return True
        owner, _, key = name.partition(".")
        if owner == "case":
            return key in self.kept
        table = _TABLES.get(owner)
        return table is not None and key in table.c

    def where(self, written: str, now: datetime) -> CaseCondition:
        """Compile a condition for a query over cases.

        Raises ExpressionFault with line and column, for what only can be judged case by case too.
        """
        expression = compile_condition(written, self.offers)
        for name in sorted(expression.names):
            self._refuse(expression, name)
        if (function := expression.of_rows) is not None:
            message = text("{function} 要把各行放在一起看，只用于表单，不能用来筛选", function=f"{function}(…)")
            raise fault_at_name(expression.written, function, "not_in_a_column", message)
        columns = {name: _column(name, now) for name in expression.names}
        reads_child = any(name.startswith(CHILD) for name in columns)
        ways = ways_in(expression.tree, columns, now)
        return CaseCondition(expression, condition(expression.tree, columns, now), reads_child, tuple(ways))

    def _refuse(self, expression: Expression, name: str) -> None:
        offer = self.offers[name]
        if self._reads(name, offer):
            return
        label = offer.label.zh
        if offer.protection > Protection.P1:
            message = text("这个条件用到受保护的字段“{label}”，它加密存放，不能用来筛选，只能逐件判断", label=label)
            raise fault_at_name(expression.written, name, "protected_field", message)
        message = text("“{label}”要逐件算出，不能用来筛选", label=label)
        raise fault_at_name(expression.written, name, "not_in_a_column", message)


@dataclass(frozen=True)
class CaseCondition:
    """A condition on cases as written and for a query, and whether it reads the child joined to the case."""

    expression: Expression
    condition: ColumnElement[bool]
    reads_child: bool
    ways: tuple[Select[Any], ...] = ()

    def few(self, session: Session) -> frozenset[int] | None:
        """Return the only cases for which it can hold where an index tells that they are few, else None.

        A list that walks its cases in their order finds a page of frequent ones soon, of rare ones after all of them.
        """
        for way in self.ways:
            found = session.scalars(way.limit(MOST_RARE + 1)).all()
            if len(found) <= MOST_RARE:
                return frozenset(found)
        return None

    def joined(self, statement: Chosen, *, has_child: bool = False) -> Chosen:
        """Narrow a statement over cases; `has_child` where it joins the child already."""
        if self.reads_child and not has_child:
            statement = statement.outerjoin(Child, Case.child_id == Child.id)
        return statement.where(self.condition)


def _column(name: str, now: datetime) -> SQLColumnExpression[Any] | Answer:
    owner, _, key = name.partition(".")
    if owner == "case":
        if name == "case.overdue":
            return func.coalesce(Case.overdue(now), false())  # a case without a time limit is not overdue
        return _OF_CASE[name] if name in _OF_CASE else Answer(key, Case.id)
    if owner == "child":
        return getattr(Child, key)  # type: ignore[no-any-return]
    place = _TABLES[owner].alias()
    of_case = and_(place.c.id == Case.subject_id, Case.subject_type == owner)
    return select(place.c[key]).where(of_case).correlate_except(place).scalar_subquery()


def cases_where(session: Session, workflow: WorkflowVersion | str, written: str, now: datetime) -> Select[int]:
    """Return the query of the numbers (`id`) of a workflow's cases for which a condition holds, newest first.

    `workflow` is a version whose names the condition uses, or a key for the one in force; cases of every version are
    asked. Run it in a session with the person's scope. Raises ExpressionFault, Missing.
    """
    version = workflow_in_force(session, workflow) if isinstance(workflow, str) else workflow
    wanted = select(Case.id).where(Case.workflow == version.workflow.key).order_by(Case.id.desc())
    return CaseQuestion.of(version).where(written, now).joined(wanted)
