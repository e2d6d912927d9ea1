"""Makes pairings and individual plans of a school's children as rows, as the operations would have written them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from admin_app.demo import names, pairing_words, plan_words
from admin_app.demo.bulk_cases import Clerk
from admin_app.demo.pairing_play import REASONS
from admin_app.demo.records import seal_with
from models.child import LEVEL_COLUMNS
from models.types import new_id
from models.vault import Vault
from workflows.clock import local_day
from workflows.engine.published import FormVersion, WorkflowVersion
from workflows.operations.case_standing import slot_name
from workflows.policy import standard_policy

Row = dict[str, Any]
MOST_OF_ONE = 3  # children one person helps
PAIRED, PLANNED = 0.06, 0.004  # of the children
ENDS = frozenset(("ended", "declined", "achieved"))
PAIRING, PLAN = "pairing", "individual_plan"
FORMS = ("pairing_proposal", "pairing_acceptance", "pledge", "pairing_check", "pairing_end", "plan_referral", "plan",
         "plan_opinion", "guardian_informed")  # fmt: skip
# How far a case has come: the share, and how many of its steps were taken.
PAIRING_STEPS = ("accept", "sign", "check", "end")
PAIRING_WAYS = ((10, 0), (8, 1), (40, 2), (30, 3), (12, 4))
PLAN_STEPS = ("submit", "approve", "inform")
PLAN_WAYS = ((2, 0), (2, 1), (1, 2), (5, 3))
PLANS = (plan_words.ACHIEVED, plan_words.LONG, plan_words.PRESENT)


@dataclass(frozen=True)
class Definitions:
    """The definitions that the cases begin with."""

    workflows: Mapping[str, WorkflowVersion]
    forms: Mapping[str, FormVersion]


@dataclass(frozen=True)
class People:
    """Who works at a school: the class teacher, the principal, and helpers enough for all pairings."""

    teacher: Clerk
    principal: Clerk
    helpers: Sequence[Clerk]


@dataclass
class CareMaker:
    """One school's pairings and plans: rows to insert, table by table."""

    definitions: Definitions
    vault: Vault
    rng: Random
    since: datetime
    until: datetime
    people: People
    cases: list[Row] = field(default_factory=list)
    moves: list[Row] = field(default_factory=list)
    records: list[Row] = field(default_factory=list)
    parts: list[Row] = field(default_factory=list)
    slots: list[Row] = field(default_factory=list)

    def pair(self, child: Row, number: str, helper: Clerk) -> None:
        """Make a pairing of a child; one that was signed makes it a focus child."""
        steps = PAIRING_STEPS[: self._steps(PAIRING_WAYS)]
        reason = names.one_of(self.rng, REASONS)
        goal = "".join(names.one_of(self.rng, part) for part in pairing_words.GOALS[reason])
        asked = {"kind": "helper", "helper": str(helper.staff_id), "reason_chosen": [reason], "term_goal": goal}
        case, at = self._begin(PAIRING, child, number), self._at(self.since, 0.2)
        self._move(case, "open", self.people.teacher, at, "pairing_proposal", asked)
        self._part(case, "helper", helper, at, "helper")
        for step in steps:
            at = self._at(at, 1 / (len(steps) + 1))
            form, answers = self._pairing_answers(step, at)
            self._move(case, step, helper if step == "accept" else self.people.teacher, at, form, answers)
        child["is_focus"] = (child["is_focus"] or "sign" in steps) and "end" not in steps
        self._finish(case, at, ((0, (child["id"], "helper")), (1, (child["id"], helper.staff_id))))

    def plan(self, child: Row, number: str) -> None:
        """Make an individual plan of a child."""
        text = names.one_of(self.rng, PLANS)
        teacher, day = self.people.teacher, local_day(self.since)
        grounds = {"situation": text.situation, "causes": text.causes}
        case, at = self._begin(PLAN, child, number), self._at(self.since, 0.3)
        referral = {"criteria": list(text.criteria), **grounds, "responsible": str(teacher.staff_id)}
        self._move(case, "open", teacher, at, "plan_referral", referral)
        self._part(case, "opener", teacher, at, None, teacher.name)
        self._part(case, "responsible", teacher, at, None)
        steps = PLAN_STEPS[: self._steps(PLAN_WAYS)]
        for step in steps:
            at = self._at(at, 1 / (len(steps) + 1))
            until = (local_day(at) + timedelta(days=28)).isoformat()
            measures = [{"what": what, "who": who, "until": until} for what, who, _days in text.measures]
            stages = [{"stage": goal, "from_on": day.isoformat(), "until_on": until} for goal, _days in text.stages]
            answers: Mapping[str, Mapping[str, Any]] = {
                "submit": grounds | {"goal": text.goal, "measures": measures, "stages": stages, "review_on": until},
                "approve": {"opinion": text.opinion},
                "inform": {"informed_on": local_day(at).isoformat(), "informed_whom": "guardian",
                           "informed_how": "visit", "guardian_said": text.guardian},
            }  # fmt: skip
            form = {"submit": "plan", "approve": "plan_opinion", "inform": "guardian_informed"}[step]
            who = self.people.principal if step == "approve" else teacher
            self._move(case, step, who, at, form, answers[step])
        self._finish(case, at, ())

    def _pairing_answers(self, step: str, at: datetime) -> tuple[str, Row]:
        rng, day = self.rng, local_day(at).isoformat()
        if step == "accept":
            wish = "".join(names.one_of(rng, part) for part in pairing_words.WISHES)
            return "pairing_acceptance", {"times_a_month": 2, "wish": wish}
        if step == "sign":
            signed = {"signed_on": day, "signed_for_child": "guardian", "copies": True}
            return "pledge", {"duties": list(pairing_words.DUTIES["helper"]), **signed}
        if step == "check":
            rating = rng.choice(("good", "good", "fair"))
            remark = "".join(names.one_of(rng, part) for part in pairing_words.REMARKS[rating])
            counts = {"talks": 2 + int(rng.random() * 3), "home_visits": int(rng.random() * 2), "calls": 1}
            effect = {"study": "better", "life": "same", "mood": "better", "rating": rating, "decision": "keep"}
            return "pairing_check", {**counts, **effect, "remark": remark}
        progress = "".join(names.one_of(rng, part) for part in pairing_words.PROGRESS["reached"])
        return "pairing_end", {"why_ended": "reached", "progress": progress, "still_focus": False}

    def _steps(self, ways: Sequence[tuple[int, int]]) -> int:
        return self.rng.choices([many for _, many in ways], [share for share, _ in ways])[0]

    def _at(self, since: datetime, share: float) -> datetime:
        """Return a moment later, at most at a share of what is left of the term."""
        return since + (self.until - since) * share * (0.3 + 0.7 * self.rng.random())

    def _begin(self, workflow: str, child: Row, number: str) -> Row:
        version = self.definitions.workflows[workflow]
        return {
            "id": new_id(),
            "number": number,
            "definition_id": version.id,
            "workflow": workflow,
            "version": version.number,
            "circle": workflow if version.workflow.confidential else "",
            "subject_type": "child",
            "subject_id": child["id"],
            "child_id": child["id"],
            "open_slot": str(child["id"]) if version.workflow.one_open_per_subject else None,
            "state": "",
            "state_since": self.since,
            "due_at": None,
            "opened_at": self.since,
            "opened_by": self.people.teacher.staff_id,
            "closed_at": None,
            "term_id": None,
            "batch_id": None,
            "made_at_school": child["school_code"],
            "facts": {},
            "rev": 0,
            **{column: child[column] for column in LEVEL_COLUMNS},
        }

    def _move(
        self, case: Row, transition: str, who: Clerk, at: datetime, form: str, answers: Row | Mapping[str, Any]
    ) -> None:
        workflow = self.definitions.workflows[case["workflow"]].workflow
        to = workflow.start if transition == "open" else workflow.transitions[transition].target
        number, version = new_id(), self.definitions.forms[form]
        standing = {column: case[column] for column in ("child_id", "circle", "made_at_school", *LEVEL_COLUMNS)}
        said = answers.get("opinion")
        self.moves.append({
            **standing, "id": number, "case_id": case["id"], "transition": transition,
            "from_state": case["state"] or None, "to_state": to,
            "actor_id": who.staff_id, "actor_name": who.name, "actor_role": who.role, "at": at,
            "reason_sealed": said and self.vault.seal(case["child_id"], f"case_move:{number}:reason", said),
        })  # fmt: skip
        record = new_id()
        self.records.append({
            **standing, "id": record, "case_id": case["id"], "move_id": number, "form": form,
            "form_version": version.number, "made_at": at, "made_by": who.staff_id,
            "data": seal_with(self.vault, version.form, answers, case["child_id"], f"case_record:{record}"),
        })  # fmt: skip
        known = seal_with(self.vault, version.form, answers, case["child_id"], f"workflow_case:{case['id']}")
        case |= {"state": to, "state_since": at, "rev": case["rev"] + 1, "facts": case["facts"] | known}
        if transition == "open":
            case["opened_at"] = at

    def _part(
        self, case: Row, relation: str, who: Clerk, at: datetime, works_as: str | None, name: str | None = None
    ) -> None:
        role = standard_policy().roles[who.role].label["zh"]
        standing = {column: case[column] for column in ("child_id", "circle", "made_at_school", *LEVEL_COLUMNS)}
        self.parts.append({
            **standing, "id": new_id(), "case_id": case["id"], "relation": relation, "works_as": works_as,
            "staff_id": who.staff_id, "place_id": None, "role": None, "name": name or f"{who.name}（{role}）",
            "since_at": at, "until_at": None,
        })  # fmt: skip

    def _finish(self, case: Row, at: datetime, unique: Sequence[tuple[int, tuple[object, ...]]]) -> None:
        self.cases.append(case)
        if case["state"] not in ENDS:
            slots = (slot_name(case["workflow"], rule, values) for rule, values in unique)
            self.slots += [{"slot": slot, "case_id": case["id"]} for slot in slots]
            return
        case |= {"closed_at": at, "open_slot": None}
        for part in self.parts:
            if part["case_id"] == case["id"]:
                part["until_at"] = at
