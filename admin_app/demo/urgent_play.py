"""Plays emergencies and absences: last spring's from first to last, and those that run today."""

from __future__ import annotations

from datetime import date
from typing import Any

from admin_app.demo.pairing_play import ChildInClass
from admin_app.demo.stage import Stage
from admin_app.demo.story import SchoolDays, Story

OFFICE, PRINCIPAL, TOWNSHIP = "qin", "tan", "chen"


class UrgentWork:
    """What cannot wait: whom a school told of an accident and when, and how it went after children who stayed away."""

    def __init__(self, stage: Stage, days: SchoolDays) -> None:
        self._stage, self._days = stage, days

    def accident(self, child: ChildInClass, first: date) -> None:
        """Tell of a fall in the yard: the parents were reached too late, which stays on record."""
        story = self._emergency(child, first)
        self._tell(story.later(7), child.teacher, "guardian", "祖母", "马上赶到学校")
        tried = {"tried_at": story.later(9).clock(), "tried_whom": "父亲", "tried_by": "phone"}
        story.step(child.teacher, "no_answer", tried | {"tried_says": "在车间，无人接听"})
        self._tell(story.later(20), OFFICE, "authority", "县教育局安全股", "保持联系，及时续报")
        self._tell(story.later(4), OFFICE, "township", "镇政府值班室", "已报分管领导")
        self._tell(story.later(41), child.teacher, "parents", "母亲", "当晚打视频电话给孩子")
        story.later(5).step(PRINCIPAL, "agree", {"head_says": "同意，医药费先由学校垫付。"})
        ended = {
            "settled_at": story.wait(1).clock(),
            "outcome": "门诊缝合三针，无骨折",
            "child_now": "在家休息，由祖母照看",
        }
        story.step(OFFICE, "settle", ended)
        learnt = {"causes": "雨后跑道湿滑，课间追逐", "lessons": "雨天课间由值日教师分区看护，湿滑处设警示牌"}
        story.wait(3).step(PRINCIPAL, "close", learnt | {"follow_up": "班主任每天电话问候，直到返校"})

    def still_running(self, child: ChildInClass, first: date) -> None:
        """Tell of an emergency of which not everybody has been told yet."""
        story = self._emergency(child, first, severity="serious")
        self._tell(story.later(11), child.teacher, "guardian", "祖父", "正在赶往卫生院")
        self._tell(story.later(17), OFFICE, "authority", "县教育局安全股", "已记录")

    def _emergency(self, child: ChildInClass, first: date, severity: str = "plain") -> Story:
        story = Story(self._stage, self._days, "emergency", ("child", child.child_id), first)
        report = {
            "known_at": story.clock(-4),
            "event_kind": "injury",
            "event_place": "操场",
            "severity": severity,
            "what_happened": "课间奔跑摔倒，额头有伤口，意识清楚",
            "first_measures": "校医止血包扎，由班主任送镇卫生院",
        }
        story.opens(child.teacher, report)
        return story

    def _tell(self, story: Story, login: str, key: str, whom: str, said: str) -> None:
        answers = {f"{key}_told_at": story.clock(-1), f"{key}_told": whom, f"{key}_told_by": "phone"}
        story.step(login, f"tell_{key}", answers | {f"{key}_told_said": said})

    def brought_back(self, child: ChildInClass, first: date) -> None:
        """Tell of a child who stayed away for some days and came back with the village's help."""
        story = self._absence(child, first, "tired_of_school")
        self._called_and_visited(story, child)
        self._reported(story.wait(1))
        received = {"school_notice_receipt_on": story.wait(1).day.isoformat(), "school_notice_receipt_by": "镇教育专干"}
        story.step(TOWNSHIP, "receive", received)
        back = {"returned_on": story.wait(2).day.isoformat(), "returned_how": "cadres"}
        story.step(child.teacher, "come_back", back | {"returned_help": "安排同桌结对，每周谈心一次，先补语文"})

    def reported(self, child: ChildInClass, first: date) -> None:
        """Tell of a child whose absence the school has reported and the township has yet to receive."""
        story = self._absence(child, first, "unknown")
        self._called_and_visited(story, child)
        self._reported(story.wait(1))

    def absent(self, child: ChildInClass, first: date) -> None:
        """Tell of a child who was missed in class and has not been called for yet."""
        self._absence(child, first, "unknown")

    def _absence(self, child: ChildInClass, first: date, why: str) -> Story:
        story = Story(self._stage, self._days, "keep_in_school", ("child", child.child_id), first)
        noticed: dict[str, Any] = {"noticed_at": story.clock(-3), "absent_since": story.day.isoformat()}
        story.opens(child.teacher, noticed | {"absent_why": why})
        return story

    def _called_and_visited(self, story: Story, child: ChildInClass) -> None:
        called = {"called_at": story.later(22).clock(-2), "called_whom": "祖父", "call_result": "reached"}
        story.step(child.teacher, "call", called | {"call_says": "早上不肯起床，说不想上学"})
        visited = {"visited_at": story.later(130).clock(-15), "visited_whom": "祖父和孩子", "saw_child": "true"}
        says = "近来常玩手机到深夜，功课跟不上；与祖父商定收管手机"
        story.step(child.teacher, "visit", visited | {"visit_says": says})

    def _reported(self, story: Story) -> None:
        day = story.day
        notice = {
            "school_notice_number": f"柳小控〔{day.year}〕{day.month}号",
            "school_notice_on": day.isoformat(),
            "school_notice_to": "柳溪镇人民政府",
            "school_notice_says": "已电话联系并家访，孩子仍未返校，请协助劝返。",
        }
        story.step(OFFICE, "report", notice)
