"""One draw by lot: its seal before, its result after, and the proof that it repeats."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from admin_app.desk import current_actor, current_policy, read_session, system_session, trail_session
from admin_app.pages.case import state_tag
from admin_app.pages.case_reach import reads_case
from admin_app.shell import present_term
from admin_app.wording import say, say_moment
from models.case import Case
from models.draw import PlaceDraw
from models.place import Place
from workflows.clock import LOCAL
from workflows.draw import Candidate, Ticket, group_label
from workflows.draw_check import Repeated, repeat_draw
from workflows.engine.published import workflow_version
from workflows.operations.draw import candidates_of, cases_of, wanted_of
from workflows.policy import Permission as P
from workflows.refusal import Missing, Words
from workflows.text import text

MOST_OTHERS = 20


def wanted_words(draw: PlaceDraw) -> str:
    """Return what a draw wants in words: two of this kind, one of that."""
    return str(_("、")).join(f"{say(group_label(group))} {count}" for group, count in wanted_of(draw).items())


def find_draw(code: str) -> PlaceDraw:
    """Return a draw of the person's places, or one that led to an inspection they see; raises Missing otherwise."""
    session = read_session(P.INSPECTION_LIST)
    wanted = select(PlaceDraw).where(PlaceDraw.number == code)
    found = session.scalars(wanted).one_or_none()
    if found is None:
        found = system_session("draws").scalars(wanted).one_or_none()
        if found is not None and not session.scalar(select(exists().where(Case.batch_id == found.id))):
            found = None
    if found is None:
        raise Missing("no_draw", text("没有这次抽取，或不在你的范围内"))
    return found


def draw_page(draw: PlaceDraw, is_repeated: bool, fault: Words | None = None, typed: str = "") -> dict[str, Any]:
    """Return the context of `draws/draw.html`; before the lot is drawn it tells nothing of the seed but its seal."""
    session = read_session(P.INSPECTION_LIST)
    repeated = repeat_draw(draw, trail_session()) if draw.is_drawn else None
    cases = _cases(session, draw)
    is_begun = draw.is_drawn and all(one.place_id in cases for one in candidates_of(draw) if one.code in draw.drawn)
    may_draw = current_policy().post_for(current_actor(), P.INSPECTION_DRAW, draw.level_codes) is not None
    notice = url_for("inspections.notice", draw=draw.number)
    return {
        "number": draw.number,
        "place": draw.place_name,
        "steps": _steps(draw, is_begun),
        "facts": _facts(draw),
        "proof": _proof(draw),
        "groups": _drawn(session, draw, repeated, cases) if repeated is not None else [],
        "candidates": _candidates(session, draw, repeated),
        "is_drawn": draw.is_drawn,
        "checks": _checks(repeated) if repeated is not None and is_repeated else [],
        "is_ok": repeated is not None and repeated.is_ok,
        "again_url": url_for("inspections.draw", draw=draw.number, again=1) if draw.is_drawn else None,
        "sum": _sum(draw) if is_repeated and draw.is_drawn else None,
        "others": _others(session, draw),
        "may_draw": may_draw and not draw.is_drawn,
        "notice_url": notice if may_draw and draw.is_drawn and not is_begun else None,
        "fault": say(fault),
        "typed": typed[:60],
    }


def _steps(draw: PlaceDraw, is_begun: bool) -> list[dict[str, str]]:
    here = 3 if draw.is_drawn else 2
    labels = (_("备好名单，封存种子"), _("现场报数，抽取"), _("发起督查"))
    return [
        {"label": label, "state": "done" if n < here or is_begun else "current" if n == here else "todo"}
        for n, label in enumerate(labels, start=1)
    ]


def _facts(draw: PlaceDraw) -> list[dict[str, Any]]:
    return [
        {"key": _("从哪里抽"), "value": draw.place_name},
        {"key": _("抽什么"), "value": wanted_words(draw)},
        {"key": _("候选"), "value": _("%(n)s 个", n=len(draw.candidates))},
        {"key": _("备好"), "value": f"{draw.made_by_name} {say_moment(draw.made_at)}"},
        {"key": _("抽取"), "value": f"{draw.drawn_by_name} {say_moment(draw.drawn_at)}" if draw.is_drawn else None},
    ]


def _proof(draw: PlaceDraw) -> list[dict[str, Any]]:
    """Return what proves the draw, before and after."""
    pairs = [
        (_("种子封条"), draw.commitment),
        (_("名单摘要"), draw.listed),
        (_("种子"), draw.seed if draw.is_drawn else _("封存中，抽取时公布")),
        (_("现场报数"), draw.word if draw.is_drawn else None),
        (_("抽取算法"), draw.algorithm),
    ]
    return [{"key": key, "value": value} for key, value in pairs]


def _cases(session: Session, draw: PlaceDraw) -> dict[int, str]:
    return cases_of(session, draw) if draw.is_drawn else {}


def _drawn(session: Session, draw: PlaceDraw, repeated: Repeated, cases: Mapping[int, str]) -> list[dict[str, Any]]:
    """Return the drawn places group by group, with the inspection that was opened there."""
    numbers = session.scalars(select(Case).where(Case.number.in_(cases.values()))).all()
    by_place = {case.subject_id: case for case in numbers}
    own = _own(session, draw)
    known = {one.code: one if one.code in own else one._replace(name=one.code) for one in candidates_of(draw)}
    drawn = [known[code] for code in draw.drawn if code in known]
    return [
        {
            "label": say(group_label(group)),
            "places": [_place(one, by_place.get(one.place_id)) for one in drawn if one.group == group],
        }
        for group in wanted_of(draw)
    ]


def _place(one: Candidate, case: Case | None) -> dict[str, Any]:
    found: dict[str, Any] = {"name": one.name, "code": one.code, "number": None, "url": None, "tag": None}
    if case is not None:
        version = workflow_version(read_session(P.INSPECTION_LIST), case.definition_id)
        url = url_for("cases.show", number=case.number) if reads_case(case) else None
        found |= {"number": case.number, "url": url, "tag": state_tag(version.workflow, case.state)}
    return found


def _candidates(session: Session, draw: PlaceDraw, repeated: Repeated | None) -> list[dict[str, Any]]:
    """Return the candidates by group: before the draw in the order of the list, then in the order of their tickets.

    Places that are not the person's own are told by their code, which is all that the proof needs.
    """
    own = _own(session, draw)
    waiting = [Ticket(one, "", False) for one in candidates_of(draw)]
    return [
        {
            "label": say(group_label(group)),
            "wanted": count,
            "lines": [
                {
                    "name": one.candidate.name if one.candidate.code in own else one.candidate.code,
                    "code": one.candidate.code,
                    "ticket": one.ticket,
                    "is_drawn": one.is_drawn,
                }
                for one in (repeated.tickets if repeated is not None else waiting)
                if one.candidate.group == group
            ],
        }
        for group, count in wanted_of(draw).items()
    ]


def _own(session: Session, draw: PlaceDraw) -> set[str]:
    """Return the codes of the candidates that lie within the person's reach."""
    codes = [one.code for one in candidates_of(draw)]
    return set(
        session.scalars(select(Place.code).where(Place.code.in_(codes), session.info["scope"].row_condition(Place)))
    )


def _checks(repeated: Repeated) -> list[dict[str, Any]]:
    return [{"label": say(check.label), "is_ok": check.is_ok} for check in repeated.checks]


def _sum(draw: PlaceDraw) -> str:
    """Return a line for any machine's shell that gives the ticket of the first drawn candidate."""
    written = f"{draw.seed}:{draw.word}:{draw.drawn[0]}".replace("'", "'\\''")
    return f"printf '%s' '{written}' | sha256sum"


def _others(session: Session, draw: PlaceDraw) -> list[dict[str, str]]:
    """Return the other draws below the same place this term, so that none is tried until it pleases."""
    term = present_term()
    since = [PlaceDraw.made_at >= datetime.combine(term.first_on, time(), LOCAL)] if term is not None else []
    wanted = select(PlaceDraw.number).where(PlaceDraw.place_id == draw.place_id, PlaceDraw.id != draw.id, *since)
    found = session.scalars(wanted.order_by(PlaceDraw.id.desc()).limit(MOST_OTHERS))
    return [{"number": one, "url": url_for("inspections.draw", draw=one)} for one in found]
