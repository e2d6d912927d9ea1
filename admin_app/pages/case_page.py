"""The page of a case, tab by tab: what it holds, its picture, its records, its files, what was changed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from markupsafe import Markup

from admin_app.desk import now
from admin_app.pages.case import diagram, head_facts, notice, place_line, state_tag, steps, subject_cards
from admin_app.pages.case import timeline as timeline_of
from admin_app.pages.case import verbs as verbs_of
from admin_app.pages.case_ask import STYLES, asks_more, behalf_line, said_with
from admin_app.pages.case_cards import detail_cards, record_cards
from admin_app.pages.case_changes import changes_part
from admin_app.pages.case_clocks import clock_lines, due_tag
from admin_app.pages.case_evidence import evidence_cards
from admin_app.pages.case_files import count_files, files_card
from admin_app.pages.case_left import left_parts
from admin_app.pages.case_records import case_record_cards
from admin_app.pages.case_seats import seat_cards
from admin_app.pages.case_signatures import signatures
from admin_app.pages.case_verbs import given_offers, verb_actions, watch_lines
from admin_app.pages.case_words import key_facts, names_on
from admin_app.wording import language, say
from models.database import OfficeSession
from models.vault import learn_keys
from workflows.case_view import CaseView
from workflows.engine.allowed import Option
from workflows.engine.diagram import Move, outline
from workflows.engine.published import form_in_force
from workflows.policy import FIELD_CLASSES
from workflows.verbs_open import Offer

TABS = ("detail", "diagram", "records", "files", "changes")


@dataclass(frozen=True)
class _Tab:
    """What one tab shows: cards, files, links to further pages, a picture."""

    cards: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, Any] | None = None
    more: list[dict[str, Any]] = field(default_factory=list)
    picture: Markup | None = None


def case_page(
    session: OfficeSession, view: CaseView, tab: str, advice: Sequence[str] = (), before: int | None = None
) -> dict[str, Any]:
    """Return the context of `cases/case.html`, and under `classes` the field classes that the page shows.

    `advice` is what the case's forms advise with what it knows; `before` the entry that a page of changes follows.
    """
    learn_keys(session, [move.key_owner for move in view.moves])
    reasons = {move.id: move.reason for move in view.moves}
    tab = tab if tab in TABS else TABS[0]
    shown = _tab(session, view, tab, before)
    given = given_offers(session, view)
    screen = _head(session, view, given) | {
        "seats": seat_cards(session, view, given) if tab == TABS[0] else [],
        "watches": watch_lines(session, view) if tab == TABS[0] else [],
        "tabs": _tabs(view.case.number, tab, count_files(session, view.case.id)),
        "cards": shown.cards,
        "files": shown.files,
        "more": shown.more,
        "left": left_parts(session, view) if tab == TABS[0] else [],
        "notice": notice(view, reasons),
        "advice": list(advice),
        "clocks": clock_lines(session, view, now()) if shown.picture is None else [],
        "timeline": timeline_of(view.version.workflow, view.moves, reasons, signatures(session, view)),
    }
    plain = [option for option in view.options if option.is_allowed and not option.definition.form]
    dialogs = [_dialog(view, option) for option in plain if not asks_more(view, option)]
    return {
        "screen": screen,
        "dialogs": dialogs,
        "picture": shown.picture,
        "outline": _outline(view) if shown.picture else (),
        "rev": view.case.rev,
        "request_key": uuid.uuid4().hex,
        "classes": [level for level in FIELD_CLASSES if level <= view.sees],
    }


def _head(session: OfficeSession, view: CaseView, given: Sequence[Offer]) -> dict[str, Any]:
    workflow = view.version.workflow
    allowed, refused = verbs_of(view)
    more, not_now = verb_actions(view, given)
    deputed = [one.behalf for one in view.options] + [one.behalf for one in given]
    tags = [state_tag(workflow, view.case.state)]
    if (late := due_tag(view.case, now())) is not None:
        tags.append(late)
    if workflow.confidential:
        tags.append({"kind": "secret", "word": _("保密：仅办理人与指定领导")})
    pairs = key_facts(view.version, view.case, names_on(session, [view.case]))
    return {
        "title": f"{say(workflow.title)} · {view.subject.name}",
        "number": view.case.number,
        "tags": tags,
        "facts": head_facts(view, place_line(session, view.case), pairs),
        "steps": steps(workflow, view.case.state, view.moves),
        "actions": [*allowed, *more],
        "refused": [*refused, *not_now],
        "behalf": next((behalf_line(one) for one in deputed if one is not None), ""),
        "back_url": url_for("cases.index"),
    }


def _tab(session: OfficeSession, view: CaseView, tab: str, before: int | None) -> _Tab:
    if tab == "diagram":
        return _Tab(picture=diagram(view))
    if tab == "files":
        return _Tab(files=files_card(session, view))
    if tab == "changes":
        changes = changes_part(view, before)
        return _Tab(changes.cards, more=changes.links)
    if tab == "records":
        return _Tab([*evidence_cards(view), *case_record_cards(view), *record_cards(session, view)])
    main_form = next((t.form for t in view.version.workflow.transitions.values() if t.form), None)
    validator = form_in_force(session, main_form).validator if main_form else None
    cards = subject_cards(view, validator) + detail_cards(session, view)
    return _Tab([*cards, *evidence_cards(view)])


def _tabs(number: str, current: str, files: int) -> list[dict[str, Any]]:
    words = {
        "detail": _("详情"),
        "diagram": _("流程图"),
        "records": _("记录"),
        "files": _("附件"),
        "changes": _("变更"),
    }
    return [
        {
            "label": words[key],
            "url": url_for("cases.show", number=number, tab=key),
            "is_current": key == current,
            "count": files if key == "files" and files else None,
        }
        for key in TABS
    ]


def _outline(view: CaseView) -> Any:
    path = [Move(m.from_state or "", m.transition, m.to_state) for m in view.moves]
    return outline(view.version.workflow, current=view.case.state, moves=path, language=language())


def _dialog(view: CaseView, option: Option) -> dict[str, Any]:
    return {
        "id": f"confirm-{option.transition}",
        "title": say(option.definition.label),
        "text": say(option.definition.confirm) or _("确定办理“%(verb)s”吗？", verb=say(option.definition.label)),
        "url": url_for("cases.take", number=view.case.number, transition=option.transition),
        "kind": STYLES[option.definition.style],
        "behalf": behalf_line(option.behalf),
        "fields": said_with(view, option),
    }
