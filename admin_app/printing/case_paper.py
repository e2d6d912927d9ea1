"""A case on paper, as its workflow's definition says: what was filled in, every step and opinion, who signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.pages.case import place_line, shown_fact
from admin_app.pages.case_words import names_on, say_answer
from admin_app.printing.answers import duties, empty_blocks, filled_blocks
from admin_app.printing.sheet import Block, card, cell, printed_by, secret, signers, table, wording
from admin_app.shell import role_word, term_label
from admin_app.wording import language, say, say_moment
from models.case import CaseMove, CaseRecord
from models.scope import NO_PLACE
from models.terms import latest_term
from models.vault import learn_keys
from workflows.case_view import CaseView
from workflows.clock import local_day
from workflows.engine.case_facts import known_facts
from workflows.engine.catalogue import standard_catalogue
from workflows.engine.definition import Form, Workflow
from workflows.engine.paper import Paper, PaperPart, plain_paper
from workflows.engine.published import form_in_force, forms_numbered, workflow_in_force
from workflows.engine.record import open_answers
from workflows.engine.stored import restored
from workflows.fields import visible
from workflows.refusal import Missing
from workflows.text import text

PLAIN = "case"  # the paper that every case has
OPINION = "opinion"
EMPTY_STEPS = 4
NUMERALS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十")


@dataclass(frozen=True)
class Filling:
    """One form as it was filled in: with which answers, by whom, when, at which step."""

    form: Form
    answers: Mapping[str, Any]
    line: str
    move_id: int


@dataclass(frozen=True)
class Told:
    """What a paper is drawn from: the case as one person sees it, and whether it is printed to be filled in."""

    session: Session
    view: CaseView
    known: Mapping[str, Any]
    names: Mapping[str, str]
    fillings: Sequence[Filling]
    ahead: frozenset[str]
    is_empty: bool


def papers_of(session: Session, workflow: Workflow) -> dict[str, Paper]:
    """Return the papers of a workflow by key, as the definition in force says them; the plain one is the last."""
    present = workflow_in_force(session, workflow.key).workflow
    plain = {} if PLAIN in present.papers else {PLAIN: plain_paper(workflow.title, workflow.form_keys())}
    return {**present.papers, **plain}


def own_papers(session: Session, workflow: Workflow, number: str) -> list[dict[str, Any]]:
    """Return a link to each paper that the definition names."""
    found = papers_of(session, workflow).items()
    return [_link(say(paper.title), key, number) for key, paper in found if key != PLAIN]


def paper_links(session: Session, workflow: Workflow, number: str) -> list[dict[str, Any]]:
    """Return a link to every paper of a case, for its page."""
    return [*own_papers(session, workflow, number), _link(_("全部内容"), PLAIN, number)]


def _link(label: str, key: str, number: str) -> dict[str, Any]:
    return {"label": label, "icon": "printer", "url": url_for("papers.case_paper", paper=key, number=number)}


def case_paper(session: Session, view: CaseView, key: str, *, is_empty: bool) -> dict[str, Any]:
    """Return a case's paper for `papers/sheets.html`; raises Missing for a key that the workflow does not have."""
    paper = papers_of(session, view.version.workflow).get(key)
    if paper is None:
        raise Missing("no_paper", text("这件事项没有这份文书"))
    told = _told(session, view, is_empty)
    blocks = [_head(told, paper, is_plain=key == PLAIN), *_numbered([_part(told, part) for part in paper.parts])]
    term = latest_term(session, local_day(view.case.opened_at))
    marks = [say(copy) for copy in paper.copies] or [_("保密") if view.version.workflow.confidential else ""]
    sheet = {
        "number": _("编号 %(number)s", number=view.case.number),
        "title": say(paper.title),
        "sub": term_label(term) if term is not None else "",
        "blocks": blocks,
        "signers": signers(paper.signed_by),
    }
    here = url_for("papers.case_paper", paper=key, number=view.case.number)
    other = {"label": _("已填内容"), "url": here} if is_empty else {"label": _("空白表"), "url": f"{here}?blank=1"}
    return {
        "title": f"{say(paper.title)} · {view.subject.name}",
        "sheets": [sheet | {"mark": mark} for mark in marks],
        "foot": printed_by(),
        "links": [other] if any(part.form for part in paper.parts) else [],
        "back_url": url_for("cases.show", number=view.case.number),
    }


def _told(session: Session, view: CaseView, is_empty: bool) -> Told:
    learn_keys(session, [view.case.key_owner])
    return Told(
        session=session,
        view=view,
        known=known_facts(session, view.case, view.version, view.sees),
        names=names_on(session, [view.case]),
        fillings=() if is_empty else _fillings(session, view),
        ahead=forms_ahead(view.version.workflow, view.case.state),
        is_empty=is_empty,
    )


def _fillings(session: Session, view: CaseView) -> list[Filling]:
    """Return every form that was filled in, the oldest first, as far as the person may see."""
    made = select(CaseRecord).where(CaseRecord.case_id == view.case.id).order_by(CaseRecord.id)
    records = session.scalars(made).all()
    forms = forms_numbered(session, {(record.form, record.form_version) for record in records})
    moves = {move.id: move for move in view.moves}
    found = []
    for record in records:
        form = forms[(record.form, record.form_version)].form
        opened = open_answers(session, form, record.data, record.child_id or record.case_id, record.id, view.sees)
        answers = {key: restored(form.field(key), value) for key, value in opened.items()}
        line = _who(moves.get(record.move_id), record.made_at)
        kept = {f.key for f in form.fields if f.key in record.data and f.key not in answers}
        asked = tuple(f for f in form.fields if f.key in answers or f.key in kept)
        found.append(Filling(form.model_copy(update={"fields": asked}), answers, line, record.move_id))
    return found


def _who(move: CaseMove | None, at: datetime) -> str:
    name = f"{move.actor_name} {role_word(move.actor_role)}".strip() if move is not None else ""
    return f"{name} {say_moment(at)}".strip()


def forms_ahead(workflow: Workflow, state: str) -> frozenset[str]:
    """Return the forms that may still be filled in by a case that stands in a state."""
    reached, edge, forms = {state}, [state], set()
    while edge:
        for key in workflow.leaving(edge.pop()):
            transition = workflow.transitions[key]
            forms.add(transition.form)
            if transition.target in workflow.states and transition.target not in reached:
                reached.add(transition.target)
                edge.append(transition.target)
    return frozenset(form for form in forms if form is not None)


def _numbered(parts: Sequence[list[Block]]) -> list[Block]:
    """Return the parts that print anything, their headings numbered: an empty part leaves no gap."""
    printed = [blocks for blocks in parts if blocks]
    for number, blocks in enumerate(printed, 1):
        if len(printed) > 1 and blocks[0].get("heading"):
            sign = NUMERALS[number - 1] if language() == "zh" and number <= len(NUMERALS) else str(number)
            blocks[0]["heading"] = _("%(sign)s、%(heading)s", sign=sign, heading=blocks[0]["heading"])
    return [block for blocks in printed for block in blocks]


def _head(told: Told, paper: Paper, *, is_plain: bool) -> Block:
    view = told.view
    subject = _("学生") if view.child is not None else _("单位")
    has_class = view.child is not None or view.case.class_code != NO_PLACE
    where = [cell(_("学校班级"), place_line(told.session, view.case))] if has_class else []
    cells = [cell(subject, view.subject.name), *where]
    cells += [found for name in paper.facts if (found := _fact(told, name)) is not None]
    if is_plain:
        opener = view.moves[0].actor_name if view.moves else ""
        state = say(view.version.workflow.states[view.case.state].label)
        cells += [cell(_("发起"), f"{opener} {say_moment(view.case.opened_at)}"), cell(_("当前环节"), state)]
    return card("", cells)


def _fact(told: Told, name: str) -> dict[str, Any] | None:
    if "." in name:
        value = shown_fact(name, told.view.subject.facts().get(name), told.view.sees)
        return cell(say(standard_catalogue().columns[name].label), value) if value else None
    f = told.view.version.fields.get(name)
    if f is None or name not in told.view.case.facts:
        return None
    is_wide = f.type == "long_text"
    if not visible(f.protection.value, told.view.sees):
        return cell(say(f.label), secret(), wide=is_wide)
    value = say_answer(f, told.known.get(name), told.names)
    return cell(say(f.label), value, wide=is_wide) if value else None


def _part(told: Told, part: PaperPart) -> list[Block]:
    title = say(part.title)
    if part.says:
        return [wording("", [say(line) for line in part.says]) | {"heading": title, "note": ""}]
    if part.trail:
        return [_trail(told) | {"heading": title, "note": ""}]
    if part.fields:
        return _answers(told, part)
    found = [filling for filling in told.fillings if filling.form.key in part.form]
    if found:
        return _filled(told, part, found)
    awaited = [key for key in part.form if key in told.ahead]
    if not told.is_empty and not (part.blank and awaited):
        return []
    form = form_in_force(told.session, (awaited or part.form)[0]).form
    return empty_blocks(form, title or say(form.title))


def _filled(told: Told, part: PaperPart, found: Sequence[Filling]) -> list[Block]:
    shown = found if part.each else found[-1:]
    blocks: list[Block] = []
    for number, one in enumerate(shown, 1):
        line = _("第 %(n)s 次 · %(who)s", n=number, who=one.line) if len(shown) > 1 else one.line
        title = (say(part.title) or say(one.form.title)) if number == 1 else ""
        blocks += filled_blocks(one.form, one.answers, told.view.sees, told.names, title, line)
    return blocks


def _answers(told: Told, part: PaperPart) -> list[Block]:
    """Return answers of the case by key: duties as a table with boxes, others as pairs."""
    fields = [f for key in part.fields if (f := told.view.version.fields.get(key)) is not None]
    listed = [f for f in fields if f.options is not None and any(item.often for item in f.options.items)]
    title = say(part.title)
    blocks: list[Block] = []
    for f in listed:
        present = _present(told, f.key) or f
        taken = [] if told.is_empty else told.known.get(f.key) or []
        blocks.append(duties(present, taken, title if not blocks else ""))
    cells = [found for f in fields if f not in listed and (found := _fact(told, f.key)) is not None]
    return [*blocks, *([card("", cells) | {"heading": "" if blocks else title, "note": ""}] if cells else [])]


def _present(told: Told, key: str) -> Any:
    """Return a question as the form in force asks it: how often a duty is due is said anew for old cases too."""
    workflow = told.view.version.workflow
    forms = (form_in_force(told.session, form).form for form in workflow.form_keys())
    return next((f for form in forms for f in form.fields if f.key == key), None)


def _trail(told: Told) -> Block:
    """Return every step with who took it and when, and the opinion or reason given."""
    heads = [(_("时间"), "time"), (_("办理"), ""), (_("办理人"), ""), (_("意见或理由"), "wide")]
    if told.is_empty:
        return table("", heads, [[" "] * len(heads)] * EMPTY_STEPS)
    workflow = told.view.version.workflow
    given = {filling.move_id: filling for filling in told.fillings}
    rows = []
    for move in told.view.moves:
        transition = workflow.transitions.get(move.transition)
        step = say(transition.label) if transition is not None and transition.label is not None else _("发起")
        who = f"{move.actor_name} {role_word(move.actor_role)}".strip()
        rows.append([say_moment(move.at), step, who, _opinion(told, move, given.get(move.id))])
    return table("", heads, rows)


def _opinion(told: Told, move: CaseMove, filling: Filling | None) -> Any:
    if filling is not None and any(f.key == OPINION for f in filling.form.fields):
        f = filling.form.field(OPINION)
        if not visible(f.protection.value, told.view.sees):
            return secret()
        return say_answer(f, filling.answers.get(OPINION), told.names)
    return move.reason or ""
