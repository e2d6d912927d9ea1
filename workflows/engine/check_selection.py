"""Checks a selection as publishing does: roles, numbers, and conditions over what everybody who chooses may see."""

from __future__ import annotations

from workflows.engine.catalogue import Catalogue
from workflows.engine.checks import Findings
from workflows.engine.document import Document
from workflows.engine.expression import Offers
from workflows.engine.problem import Problem
from workflows.engine.selection import Ground, Selection
from workflows.engine.vocabulary import Protection, Unit
from workflows.text import text

DAYS = {Unit.DAYS: 1, Unit.WEEKS: 7, Unit.MONTHS: 30}
OF_CIRCLES = frozenset({"evidence.open_cases"})  # would tell of confidential cases


def selection_offers(catalogue: Catalogue) -> Offers:
    """List what a selection may read of a child: what stands on a roll and counts of records, nothing protected."""
    offers = catalogue.subjects["child"]
    return {
        name: offer
        for name, offer in offers.items()
        if offer.protection <= Protection.P1 and not name.startswith("case.") and name not in OF_CIRCLES
    }


def check_selection(selection: Selection, document: Document, catalogue: Catalogue) -> list[Problem]:
    """List what would keep a selection from being published."""
    findings, offers = Findings(document, catalogue), selection_offers(catalogue)
    for index, role in enumerate(selection.by):
        if role not in catalogue.roles:
            findings.unknown(("by", index), "unknown_role", text("角色"), role, catalogue.roles)
    if selection.at_least > selection.at_most:
        findings.add(("at_least",), "bad_bound", text("at_least 比 at_most 大"))
    if selection.counted_for.unit not in DAYS:
        findings.add(("counted_for",), "bad_span", text("用 days、weeks 或 months"))
    if selection.among is not None:
        findings.condition(("among",), selection.among, offers)
    seen: set[str] = set()
    for part, grounds in _grounds(selection).items():
        for index, ground in enumerate(grounds):
            if ground.key in seen:
                findings.add((part, index, "key"), "duplicate_field", text("键 {key} 已经用过", key=ground.key))
            seen.add(ground.key)
            findings.condition((part, index, "when"), ground.when, offers)
    return findings.problems


def _grounds(selection: Selection) -> dict[str, tuple[Ground, ...]]:
    return {"reasons": selection.reasons, "against": selection.against, "lacks": selection.lacks}
