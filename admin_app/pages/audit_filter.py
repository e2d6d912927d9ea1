"""What an inspector looks for: the filters of an address, whom and what they mean, and the addresses they make."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from admin_app.desk import may, read_session, system_session
from admin_app.listing.ids import number as number_of
from admin_app.wording import say
from models.reports.audit_trail import TrailFilter, case_numbered, children_numbered, people_named
from models.search import find_children
from workflows.audit_words import GROUPS, LISTS_TAKEN, actions_of
from workflows.clock import LOCAL
from workflows.policy import Permission

LONGEST_WORDS = 60
NOBODY = -1
EXPORTS = "exports"
_CHILD_NUMBER = re.compile(r"#?[0-9]{1,6}")


@dataclass(frozen=True)
class Asked:
    """The filters as they were written; `who` and `whom` are identifiers that a click in the list gives."""

    person: str = ""
    who: int | None = None
    child: str = ""
    whom: int | None = None
    case: str = ""
    action: str = ""
    refused: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def parts(self) -> dict[str, Any]:
        """The filters as parts of an address, empty ones left out."""
        written = {
            "person": self.person,
            "who": self.who,
            "child": self.child,
            "whom": self.whom,
            "case": self.case,
            "action": self.action,
            "refused": self.refused,
            "on_from": self.since,
            "on_to": self.until,
        }
        return {key: str(value) for key, value in written.items() if value not in (None, "")}

    def url(self, **changes: Any) -> str:
        """Return the address of the list with some filters changed."""
        return url_for("audit.index", **replace(self, **changes).parts)


@dataclass(frozen=True)
class Meant:
    """The condition on the trail, and what to say where a filter cannot be met."""

    condition: TrailFilter
    note: str = ""


def read_asked(written: MultiDict[str, str]) -> Asked:
    """Read the filters of an address; whatever cannot be one is left out."""
    action = written.get("action", "")
    return Asked(
        person=_words(written.get("person")),
        who=number_of(written.get("who")),
        child=_words(written.get("child")),
        whom=number_of(written.get("whom")),
        case=_words(written.get("case")).upper(),
        action=action if action == EXPORTS or actions_of(action) else "",
        refused="1" if written.get("refused") == "1" else "",
        since=_day(written.get("on_from")),
        until=_day(written.get("on_to")),
    )


def _words(written: str | None) -> str:
    return (written or "").replace("\x00", "").strip()[:LONGEST_WORDS]


def _day(written: str | None) -> date | None:
    try:
        day = date.fromisoformat(written) if written else None
    except ValueError:
        return None
    return day if day is None or 1900 < day.year < 9000 else None


def meant_by(asked: Asked) -> Meant:
    """Return the condition on the trail; a person, child or case that nobody knows selects nothing."""
    children, note = _children(asked)
    people = {asked.who} if asked.who is not None else None
    if asked.person:
        named = set(people_named(system_session("people of the trail"), asked.person))
        people = named if people is None else people & named
    case = case_numbered(read_session(Permission.AUDIT_READ), asked.case) if asked.case else None
    return Meant(
        TrailFilter(
            actor_ids=_or_nobody(people),
            child_ids=_or_nobody(children),
            case_id=(case[0] if case else NOBODY) if asked.case else None,
            actions=(*LISTS_TAKEN, "audit.exported") if asked.action == EXPORTS else actions_of(asked.action),
            outcome="refused" if asked.refused else None,
            since=_midnight(asked.since),
            until=_midnight(asked.until + timedelta(days=1)) if asked.until else None,
        ),
        note,
    )


def _or_nobody(ids: set[int] | None) -> tuple[int, ...] | None:
    return None if ids is None else tuple(sorted(ids)) or (NOBODY,)


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), LOCAL) if day else None


def _children(asked: Asked) -> tuple[set[int] | None, str]:
    found = {asked.whom} if asked.whom is not None else None
    if not asked.child:
        return found, ""
    named, note = _children_meant(asked.child)
    return (named if found is None else found & named), note


def _children_meant(words: str) -> tuple[set[int], str]:
    """Return the children whom a number of the list, a case number or, where one may see names, a name means."""
    session = read_session(Permission.AUDIT_READ)  # identifiers only, inside the places whose trail is read
    if _CHILD_NUMBER.fullmatch(words):
        return set(children_numbered(session, int(words.lstrip("#")))), ""
    if "-" in words and words.isascii():
        case = case_numbered(session, words.upper())
        return ({case[1]} if case and case[1] is not None else set()), ""
    if may(Permission.CHILD_LIST):
        return {child.id for child in find_children(read_session(Permission.CHILD_LIST), words)}, ""
    return set(), _("按姓名查找儿童需要授权；请填列表里的编号（#…）或案号")


def choices() -> list[dict[str, Any]]:
    """Return the choices of actions, group by group, each group first as a whole."""
    return [
        {
            "label": say(group.label),
            "options": [
                (key, _("%(group)s · 全部", group=say(group.label))),
                *((action, say(word.word)) for action, word in group.words.items()),
            ],
        }
        for key, group in GROUPS.items()
    ]


def filter_bar(asked: Asked, who: str, whom: str) -> dict[str, Any]:
    """Return the bar of `audit/filters.html`; `who` and `whom` name the person and child that a click chose."""
    chips = []
    if asked.who is not None:
        chips.append({"label": _("人员 %(name)s", name=who), "remove_url": asked.url(who=None)})
    if asked.whom is not None:
        chips.append({"label": whom, "remove_url": asked.url(whom=None)})
    if asked.action == EXPORTS:
        chips.append({"label": _("只看导出"), "remove_url": asked.url(action="")})
    if asked.refused:
        chips.append({"label": _("只看被拒"), "remove_url": asked.url(refused="")})
    kept = ("who", "whom", "refused")
    return {
        "action": url_for("audit.index"),
        "person": asked.person,
        "child": asked.child,
        "case": asked.case,
        "chosen": asked.action,
        "choices": choices(),
        "since": asked.since or "",
        "until": asked.until or "",
        "hidden": [(key, asked.parts[key]) for key in kept if key in asked.parts],
        "chips": chips,
        "clear_url": url_for("audit.index") if asked.parts else None,
        "child_hint": _("编号、案号、姓名") if may(Permission.CHILD_LIST) else _("编号 #… 或案号"),
    }
