"""What a step over many cases asks once for all, and what it would do: the verdicts before anything happens."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import islice
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from admin_app.desk import current_actor, current_policy, now, read_session, system_session
from admin_app.forms.definition_form import make_form, read_answers, sections, show_computed, show_faults
from admin_app.forms.posted import Posted
from admin_app.office import current_office
from admin_app.pages.bulk_choice import CASES, NAMED, STEP, Chosen, about, bulk_steps
from admin_app.pages.case import state_tag
from admin_app.pages.case_ask import STYLES
from admin_app.pages.case_list import subject_place
from admin_app.pages.case_words import say_answer
from admin_app.pages.places import names_of
from admin_app.wording import language, say
from models.case import Case
from models.child import Child
from models.reports.case_list import case_numbers
from workflows.engine.definition import Form, Transition
from workflows.engine.form import FormValidator, compile_form
from workflows.engine.page_conditions import page_conditions
from workflows.engine.published import FormVersion
from workflows.engine.vocabulary import Label
from workflows.many_preview import SHOWN, Foretold, Plan, foretell
from workflows.many_steps import LONGEST_SAID, SAID, answers_for_many, asked_of_many, form_for, may_move_many
from workflows.operations.jobs import MOST_CASES
from workflows.policy import Permission
from workflows.refusal import Refusal
from workflows.text import text
from workflows.verdicts import Said

AT_ONCE = 500
MOST_PARTS = 20  # are judged before, which takes some three seconds
FEW = 5  # cases of a reason that stand open
MOST_NAMED = 500  # cases of the one reason whose cases were asked for
WORDS: Mapping[str, Label] = {"opinion": Label(zh="意见", en="Opinion"), "reason": Label(zh="原因", en="Reason")}


@dataclass(frozen=True)
class Step:
    """A transition for many cases: its form in force, and what the page asks, which without a form are a few words."""

    key: str
    definition: Transition
    form: FormVersion | None
    required: tuple[str, ...]
    asks: FormValidator | None

    @property
    def label(self) -> str:
        """What the step is called."""
        return say(self.definition.label)

    def read(self, posted: MultiDict[str, str]) -> Said:
        """Return what was typed."""
        if self.asks is None:
            return {}
        typed = read_answers(self.asks.definition, posted)
        return {key: [*map(str, v)] if isinstance(v, list) else str(v) for key, v in typed.items()}

    def values(self, said: Said) -> Mapping[str, Any]:
        """Return the typed answers; raises Refusal with the faults."""
        return answers_for_many(self.form, said, self.required, now())


def step_for(chosen: Chosen, key: str) -> Step:
    """Return a step that the chosen cases may take together; raises Refusal with why they may not."""
    session = read_session(Permission.CASE_LIST)
    form = form_for(session, chosen.version, key)
    refusal = may_move_many(chosen.version, key, form)
    if refusal is not None:
        raise Refusal("not_for_many", refusal)
    if chosen.total > MOST_CASES:
        raise Refusal("too_many", text("一次最多 {n} 件", n=MOST_CASES))
    step = chosen.version.workflow.transitions[key]
    if form is not None:
        return Step(key, step, form, step.require, form.validator)
    required = asked_of_many(chosen.version, key, chosen.states)
    asked = required or (("opinion",) if _takes_opinion(chosen, key) else ())
    return Step(key, step, None, required, _words_form(asked, required) if asked else None)


def _takes_opinion(chosen: Chosen, key: str) -> bool:
    """Tell whether an opinion may be given where none has to be."""
    workflow = chosen.version.workflow
    tasks = [workflow.states[state].tasks for state in chosen.states if state in workflow.sources(key)]
    return not workflow.transitions[key].by and any(one is not None and one.opinion == "optional" for one in tasks)


@cache
def _words_form(asked: tuple[str, ...], required: tuple[str, ...]) -> FormValidator:
    """Return a form of a few words, so that they are drawn and read as every form is."""
    fields = [
        {"key": key, "type": "long_text", "label": WORDS[key], "required": key in required,
         "max_length": LONGEST_SAID, "width": "full"}
        for key in SAID
        if key in asked
    ]  # fmt: skip
    return compile_form(Form.model_validate({"form": "words", "title": WORDS[asked[0]], "fields": fields}))


def fill_page(
    chosen: Chosen, step: Step, asks: FormValidator, posted: MultiDict[str, str] | None, fault: Refusal | None = None
) -> dict[str, Any]:
    """Return the context of `office/form.html`: what the step asks, with everything typed when it was refused."""
    form = make_form(asks, {}, posted)
    raw = {} if posted is None else read_answers(asks.definition, posted)
    show_computed(form, asks, raw, {}, now=now(), sees="P3")
    show_faults(form, fault.faults if fault else {})
    n = chosen.total
    screen = {
        "title": _("批量办理：%(step)s", step=step.label),
        "subtitle": _("%(workflow)s · %(n)s 件", workflow=say(chosen.version.workflow.title), n=n),
        "back_url": chosen.list_url,
        "cancel_url": chosen.list_url,
        "action": url_for("bulk.check"),
        "steps": bulk_steps("fill"),
        "hidden": [(CASES, chosen.carried), (STEP, step.key), ("bulk-filled", "1")],
        "sections": sections(asks.definition, form, in_circle=chosen.version.workflow.confidential),
        "conditions": page_conditions(asks, {}, now=now(), sees="P0", require=step.required, language=language()),
        "note": _("填一次，记在每一件上"),
        "verbs": [{"label": _("下一步：核对"), "is_primary": True, "icon_end": "arrow-right"}],
    }
    return {"form": Posted(form, uuid.uuid4().hex), "screen": screen}


def check_page(chosen: Chosen, step: Step, said: Said, key: str, named: str = "", warning: str = "") -> dict[str, Any]:
    """Return the context of `bulk/check.html`: how many would move, and of each reason the first cases it holds back.

    `named` is the reason of which more cases are listed; `warning` says why the page is shown once more.
    """
    marked = _Marked(chosen)
    plan = Plan(step.key, said, step.values(said), current_actor(), current_policy(), now())
    scope, database = current_policy().scope(current_actor(), Permission.CASE_LIST), current_office().database
    most = {named: MOST_NAMED} if named else {}
    parts = iter(marked)
    told = foretell(lambda: database.session(scope), system_session("evidence"), islice(parts, MOST_PARTS), plan, most)
    later = sum(map(len, parts))  # marked with the others, judged when they are handled
    return about(chosen, "check") | {
        "key": key,
        "mark": marked.mark,
        "warning": warning,
        "step": {
            "key": step.key,
            "label": step.label,
            "kind": STYLES[step.definition.style],
            "confirm": say(step.definition.confirm),
            "asks": step.asks is not None,
        },
        "said": _said(step, said),
        "hidden": _hidden(step, said),
        "moving": told.moving,
        "refused": told.refused,
        "later": later,
        "reasons": _reasons(chosen, told, named),
        "named_field": NAMED,
    }


class _Marked:
    """The numbers of the chosen cases in parts, and the mark by which the same cases are known again."""

    def __init__(self, chosen: Chosen) -> None:
        self._chosen, self._digest = chosen, sha256()

    def __iter__(self) -> Iterator[list[int]]:
        for part in case_numbers(read_session(Permission.CASE_LIST), self._chosen.wanted, AT_ONCE):
            self._digest.update(",".join(map(str, part)).encode() + b";")
            yield part

    @property
    def mark(self) -> str:
        """The mark of what was yielded."""
        return self._digest.hexdigest()


def chosen_numbers(chosen: Chosen) -> tuple[list[int], str]:
    """Return the numbers (`id`) of the chosen cases and their mark."""
    marked = _Marked(chosen)
    return [one for part in marked for one in part], marked.mark


def _said(step: Step, said: Said) -> list[dict[str, Any]]:
    """Return the answers as people read them."""
    if step.asks is None:
        return []
    values = step.values(said)
    fields = [f for f in step.asks.definition.fields if f.key in values]
    return [{"key": say(f.label), "value": say_answer(f, values[f.key], {})} for f in fields]


def _hidden(step: Step, said: Said) -> list[tuple[str, str]]:
    pairs = [(key, one) for key, v in said.items() for one in (v if isinstance(v, list) else [v])]
    return [(STEP, step.key), ("bulk-filled", "1"), *pairs]


def _reasons(chosen: Chosen, told: Foretold, named: str) -> list[dict[str, Any]]:
    """Return the reasons, the most frequent first, with the cases of each: all of them fetched together."""
    session = read_session(Permission.CASE_LIST)
    wanted = [one for reason in told.reasons.values() for one in reason.cases]
    rows = session.execute(
        select(Case, Child).outerjoin(Child, Case.child_id == Child.id).where(Case.id.in_(wanted))
    ).all()
    places = names_of(session, [case for case, _child in rows])
    lines = {case.id: _line(chosen, case, child, places) for case, child in rows}
    return [
        {
            "key": key,
            "why": say(reason.message),
            "n": reason.count,
            "cases": [lines[one] for one in reason.cases if one in lines],
            "hidden": reason.count - len(reason.cases),
            "may_list": key != named and reason.count > SHOWN,
            "is_open": key == named or reason.count <= FEW,
        }
        for key, reason in sorted(told.reasons.items(), key=lambda pair: -pair[1].count)
    ]


def _line(chosen: Chosen, case: Case, child: Child | None, places: Mapping[str, str]) -> dict[str, Any]:
    workflow = chosen.version.workflow
    return {
        "number": case.number,
        "title": child.name if child is not None else subject_place(case, places),
        "url": url_for("cases.show", number=case.number),
        "state": state_tag(workflow, case.state) if case.state in workflow.states else None,
        "place": places.get(case.class_code) or places.get(case.school_code, ""),
    }
