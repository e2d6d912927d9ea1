"""Plays individual plans at every stage: drafted, waiting, returned, in force and checked, achieved, referred out."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from admin_app.demo import plan_words
from admin_app.demo.pairing_play import ChildInClass
from admin_app.demo.plan_words import PlanText
from admin_app.demo.stage import Stage
from admin_app.demo.story import SchoolDays, Story

COUNSELLOR, LEADER, PRINCIPAL = "meng", "nong", "tan"
CHECK_EVERY = 28  # days, as the cadence of the plan in force says


class Plans:
    """The larger school's individual plans."""

    def __init__(self, stage: Stage, days: SchoolDays) -> None:
        self._stage, self._days = stage, days

    def achieved(self, child: ChildInClass, first: date) -> None:
        """Tell of a plan that reached its goal."""
        text = plan_words.ACHIEVED
        story = self._in_force(child, first, text, LEADER)
        self._checks(story, text)
        story.wait(20)
        story.step(COUNSELLOR, "achieve", {"outcome": text.outcome[0], "follow_up": text.outcome[1]})

    def referred(self, child: ChildInClass, first: date) -> None:
        """Tell of a plan that ended with a referral to others."""
        text = plan_words.REFERRED
        story = self._in_force(child, first, text, PRINCIPAL)
        self._checks(story, text, every=9)
        story.wait(2)
        to, why = text.outcome
        story.step(COUNSELLOR, "refer", {"referred_to": to, "referred_why": why, "guardian_agrees": "true"})

    def lasting(self, child: ChildInClass, first: date) -> None:
        """Tell of a plan that began last year and goes on."""
        self._checks(self._in_force(child, first, plan_words.LONG, LEADER), plan_words.LONG)

    def running(self, child: ChildInClass, first: date) -> None:
        """Tell of a plan in force since the beginning of the term."""
        self._checks(self._in_force(child, first, plan_words.PRESENT, PRINCIPAL), plan_words.PRESENT)

    def returned(self, child: ChildInClass, first: date) -> None:
        """Tell of a plan that came back from the leading group."""
        story = self._handed_in(child, first, plan_words.RETURNED)
        story.wait(1).step(LEADER, "return_it", {"opinion": plan_words.RETURN})

    def waiting(self, child: ChildInClass, first: date) -> None:
        """Tell of a plan that waits for the leading group."""
        self._handed_in(child, first, plan_words.WAITING)

    def drafted(self, child: ChildInClass, first: date) -> None:
        """Tell of a plan that is being drafted; the class teacher brought the child up."""
        self._referral(child, first, plan_words.DRAFT, child.teacher, COUNSELLOR)

    def _referral(self, child: ChildInClass, first: date, text: PlanText, by: str, responsible: str) -> Story:
        story = Story(self._stage, self._days, "individual_plan", ("child", child.child_id), first)
        person = str(self._stage.people[responsible].staff_id)
        grounds: dict[str, Any] = {"criteria": list(text.criteria), "situation": text.situation, "causes": text.causes}
        story.opens(by, grounds | {"responsible": person})
        return story

    def _handed_in(self, child: ChildInClass, first: date, text: PlanText) -> Story:
        story = self._referral(child, first, text, COUNSELLOR, child.teacher).wait(1)
        day = story.day
        measures = [{"what": what, "who": who, "until": _after(day, days)} for what, who, days in text.measures]
        stages, begin = [], day
        for goal, days in text.stages:
            stages.append({"stage": goal, "from_on": begin.isoformat(), "until_on": _after(day, days)})
            begin = day + timedelta(days=days + 1)
        plan = {"situation": text.situation, "causes": text.causes, "goal": text.goal, "measures": measures}
        story.step(COUNSELLOR, "submit", plan | {"stages": stages, "review_on": _after(day, CHECK_EVERY)})
        return story

    def _in_force(self, child: ChildInClass, first: date, text: PlanText, by: str) -> Story:
        story = self._handed_in(child, first, text).wait(1)
        story.step(by, "approve", {"opinion": text.opinion})
        informed = {"informed_on": story.wait(1).day.isoformat(), "informed_whom": "guardian", "informed_how": "visit"}
        story.step(COUNSELLOR, "inform", informed | {"guardian_said": text.guardian})
        return story

    def _checks(self, story: Story, text: PlanText, every: int = CHECK_EVERY) -> None:
        for number, (result, findings, next_step) in enumerate(text.checks):
            day = story.wait(every).day
            stage = text.stages[min(number, len(text.stages) - 1)][0]
            answers = {"checked_on": day.isoformat(), "stage_checked": stage, "stage_result": result}
            answers |= {"findings": findings, "next_step": next_step, "review_on": _after(day, every)}
            story.step(COUNSELLOR, "progress", answers)


def _after(day: date, days: int) -> str:
    return (day + timedelta(days=days)).isoformat()
