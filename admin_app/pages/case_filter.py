"""The page where a condition on cases is put together, from rows or as text; a wrong one is refused at its field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.desk import now
from admin_app.wording import language, say
from workflows.case_query import CaseCondition, CaseQuestion
from workflows.condition_rows import COMPARISONS, MOST_ROWS, OR, Row, option_words, read_rows, write_rows
from workflows.engine.expression import ExpressionFault, Offers
from workflows.engine.expression.parse import MAX_LENGTH
from workflows.engine.expression.sentence import sentence
from workflows.engine.form import CHOSEN_AT_HAND
from workflows.engine.published import WorkflowVersion
from workflows.opening_view import workflows_in_force
from workflows.text import text

WORKFLOW = "identification"
KEPT = ("workflow", "state", "class", "place")
LONGEST_VALUE = 200


@dataclass(frozen=True)
class FilterPage:
    """Either the page to show, refused or not, or the address of the list that the condition narrows."""

    screen: dict[str, Any]
    is_refused: bool = False
    address: str | None = None


def condition_asked(version: WorkflowVersion, asked: Mapping[str, str]) -> CaseCondition | None:
    """Return the condition in an address; one that was written of another workflow (`of`) does not count.

    Raises ExpressionFault.
    """
    written = asked.get("where", "")
    if not written.strip() or asked.get("of", version.workflow.key) != version.workflow.key:
        return None
    return CaseQuestion.of(version).where(written, now())


def condition_chip(condition: CaseCondition, kept: Mapping[str, Any]) -> dict[str, str]:
    """Return the condition that narrows a list, in words, with the way to the list without it."""
    rest = {key: value for key, value in kept.items() if key not in ("where", "of")}
    return {"label": say(sentence(condition.expression.tree, language())), "remove_url": url_for("cases.index", **rest)}


def filter_page(session: Session, asked: MultiDict[str, str]) -> FilterPage:
    """Return what the page answers: the empty or filled-in form, what is wrong in it, or where the list is."""
    versions = {version.workflow.key: version for version in workflows_in_force(session)}
    version = versions.get(asked.get("workflow", "")) or versions[WORKFLOW]
    offers = _choosable(version)
    if asked.get("by") == "rows":
        written = write_rows(_rows(asked), asked.get("joined", ""), offers)
        if written.faults:
            screen = _screen(version, offers, asked, _rows(asked), asked.get("joined", ""))
            for place, fault in written.faults.items():
                screen["rows"][place]["fault"] = say(fault)
            return FilterPage(screen, is_refused=True)
        return _judged(version, offers, asked, written.condition)
    if "where" in asked:
        return _judged(version, offers, asked, asked["where"], goes_on=asked.get("by") == "text")
    return FilterPage(_screen(version, offers, asked))


def _judged(
    version: WorkflowVersion, offers: Offers, asked: MultiDict[str, str], written: str, *, goes_on: bool = True
) -> FilterPage:
    """Return the list's address for a condition that can be asked, else the page with its fault."""
    try:
        condition = CaseQuestion.of(version).where(written, now())
    except ExpressionFault as fault:
        screen = _screen(version, offers, asked, where=written)
        place = {"line": fault.line, "column": fault.column, "message": say(fault.message)}
        screen["fault"] = _("第 %(line)s 行第 %(column)s 个字处：%(message)s", **place)
        return FilterPage(screen, is_refused=True)
    if goes_on:
        kept: dict[str, Any] = {**dict(_kept(version, asked)), "where": written}
        return FilterPage({}, address=url_for("cases.index", **kept))
    joined, rows = read_rows(condition.expression.tree, language()) or ("", [])
    return FilterPage(_screen(version, offers, asked, rows, joined, written))


def _rows(asked: MultiDict[str, str]) -> list[Row]:
    return [
        Row(
            asked.get(f"name{n}", ""),
            asked.get(f"comparison{n}", ""),
            asked.get(f"value{n}", "").replace("\x00", "")[:LONGEST_VALUE],
        )
        for n in range(1, MOST_ROWS + 1)
    ]


def _choosable(version: WorkflowVersion) -> Offers:
    """Return what rows may ask: all that a query can, but for persons and places, which stand as numbers."""
    question = CaseQuestion.of(version)
    numbers = {f"case.{key}" for key, f in version.kept.items() if f.type in CHOSEN_AT_HAND}
    return {name: offer for name, offer in question.askable().items() if name not in numbers}


def _kept(version: WorkflowVersion, asked: MultiDict[str, str]) -> list[tuple[str, str]]:
    found = [(key, asked[key]) for key in KEPT[1:] if asked.get(key)]
    return [("workflow", version.workflow.key), *found]


def _screen(
    version: WorkflowVersion,
    offers: Offers,
    asked: MultiDict[str, str],
    rows: list[Row] | None = None,
    joined: str = "",
    where: str = "",
) -> dict[str, Any]:
    kept = _kept(version, asked)
    back: dict[str, Any] = dict(kept)
    groups = _groups(offers)
    shown = [*(rows or []), *[Row()] * MOST_ROWS][:MOST_ROWS]
    return {
        "title": _("按条件筛选"),
        "subtitle": say(version.workflow.title),
        "action": url_for("cases.choose"),
        "kept": kept,
        "rows": [{"name": r.name, "comparison": r.comparison, "value": r.value, "fault": ""} for r in shown],
        "joined": OR if joined == OR else "and",
        "groups": [
            {"label": g["label"], "options": [(i["name"], i["label"]) for i in g["items"]]} for g in _groups(offers)
        ],
        "comparisons": [(key, say(words)) for key, words in COMPARISONS.items()],
        "words": list(option_words(offers, language())),
        "where": where[: MAX_LENGTH + 1],
        "fault": "",
        "note": _("写法见“表达式函数”手册；含姓名等文字的条件可以筛选，但不能存为视图"),
        "names": groups,
        "back_url": url_for("cases.index", **back),
    }


def _groups(offers: Offers) -> list[dict[str, Any]]:
    groups = {"case.": text("事项"), "child.": text("儿童"), "place.": text("单位")}
    found = []
    for prefix, label in groups.items():
        items = [
            {
                "name": name,
                "label": say(offer.label),
                "options": "、".join(f"{value} {say(word)}" for value, word in offer.options.items()),
            }
            for name, offer in offers.items()
            if name.startswith(prefix)
        ]
        if items:
            found.append({"label": say(label), "items": items})
    return found
