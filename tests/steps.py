"""Every step of every workflow of the standard pack, by hand: from where, to where, who may, with which answers.

Each answer that stands here is needed: a step without it is refused. `@zhou` stands for the number of a person,
`#ZX` for the number of a place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Answers = Mapping[str, Any]


@dataclass(frozen=True)
class Opening:
    """How a case is opened: of which workflow, about what, by whom; `besides` holds answers that are not needed."""

    workflow: str
    about: str  # the class of a new child, or the school of a new class
    who: tuple[str, ...]
    answers: Answers = field(default_factory=dict)
    besides: Answers = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """A transition out of one state: where it leads and all of the cast who may take it; everybody else may not.

    `first` are the steps within the state without which its condition does not hold.
    """

    transition: str
    source: str
    target: str
    who: tuple[str, ...]
    answers: Answers = field(default_factory=dict)
    first: tuple[str, ...] = ()


OFFICE = ("qin", "chen")
CLASS_OR_OFFICE = ("zhou", "qin", "chen")
PLANNERS = ("meng", "zhou")
LEADERS = ("meng", "tan")
AT_SCHOOL = ("zhou", "meng", "qin", "chen", "tan")
HEADS = ("qin", "chen", "tan")
CLASS_OR_HEADS = ("zhou", *HEADS)
INSPECTED = ("qin", "chen", "tan")
REASON = {"reason": "情况有变，另行安排"}

FILE = {
    "care_situation": "grandparents",
    "absence_since": "2024-03-05",
    "is_boarding": "false",
    "guardian_name": "林长顺",
    "guardian_relation": "grandfather",
    "guardian_phone": "13800002716",
    "home_address": "大坝村3组",
    "call_first": "guardian",
    "five_facts": ["basics", "character", "interests", "health", "contacts"],
    "character": "内向",
    "interests": "画画",
    "health": "良好",
}
TAKEN_OFF = {"cause": "entered_by_mistake", "reason": "重复录入"}
PROPOSED = {"kind": "helper", "helper": "@shi", "term_goal": "每天完成作业"}
PEER = {"kind": "peer", "helper_name": "四（2）班 陈一鸣", "term_goal": "每天一起读书"}
MANY = {"more_than_three": "本校只有这一位老师合适"}
ASKED_FOR = {"asked_on": "2026-11-20", "asked_how": "当面，家长同意", "times_a_month": "4"}
SIGNED = {"duties": ["talk_monthly"], "signed_on": "2026-11-20", "signed_for_child": "guardian", "copies": "是"}
CHECKED = {"study": "better", "life": "same", "mood": "better", "rating": "good", "decision": "keep"}
CHANGED = {"helper": "@meng", "handed_over": "数学已补到第三单元", "reason": "课务调整"}
ENDED = {"why_ended": "reached", "progress": "数学进步明显", "still_focus": "否"}
REFERRED = {
    "criteria": ["learning"],
    "situation": "连续两月旷课",
    "causes": "祖辈无力看管",
    "responsible": "@zhou",
}
PLAN = {
    "situation": "连续两月旷课",
    "causes": "祖辈无力看管",
    "goal": "恢复正常上学",
    "measures": [{"what": "每周谈心", "who": "孟晓岚", "until": "2026-12-31"}],
    "stages": [{"stage": "不再旷课", "from_on": "2026-11-23", "until_on": "2026-12-20"}],
    "review_on": "2026-12-20",
}
INFORMED = {
    "informed_on": "2026-11-20",
    "informed_whom": "guardian",
    "informed_how": "visit",
    "guardian_said": "同意，一定配合",
}
PROGRESS = {
    "checked_on": "2026-11-20",
    "stage_checked": "第一阶段",
    "stage_result": "partly",
    "findings": "旷课减少",
    "next_step": "继续每周谈心",
    "review_on": "2027-01-10",
}
OUTCOME = {"outcome": "已正常上学", "follow_up": "每月一次家访"}
REFERRED_OUT = {"referred_to": "县医院心理科", "referred_why": "需要专业帮助", "guardian_agrees": "是"}
NOTICE = {"group_name": "县督查一组", "visit_on": "2026-11-27"}
SELF_CHECK = {"self_items": [{"item": "结对帮扶和责任书", "weight": "15", "state": "已全部签订", "score": "14"}]}
SHEET = {"items": [{"item": "结对帮扶和责任书", "weight": "15", "found": "两份未签字", "score": "11"}]}
FOUND = SHEET | {
    "findings": [{"problem": "两份责任书未签字", "demand": "补签", "in_charge": "秦素芬", "until": "2026-12-04"}],
    "limit_on": "2026-12-04",
}
RECTIFIED = {"rectified": [{"problem": "未签字", "done": "已补签", "evidence": "照片两张", "done_on": "2026-11-20"}]}
RECHECKED = {"rechecked_on": "2026-11-20", "recheck_says": "已整改", "score": "95"}
CIRCULAR = {"circular_number": "青督〔2026〕8号", "circulated_on": "2026-11-20", "circular_says": "总体良好"}
PAPERS = {"papers": ["base", "card", "talks", "pairing", "results"], "shelf": "三号柜二层"}
HANDED_ON = {"handed_to": "县档案馆", "handed_on": "2026-11-20", "receipt": "青档收 2026-31"}
MOVING = {"to_school": "#ZX", "moves_on": "2026-11-23", "why_moved": "随祖父母搬迁"}
EVENT = {
    "known_at": "2026-11-20 09:20",
    "event_kind": "injury",
    "event_place": "操场",
    "severity": "plain",
}
UPDATED = {"severity": "serious", "update_says": "已送县医院，需住院观察"}
CORRECTED = {**EVENT, "known_at": "2026-11-20 09:10", "reason": "知悉时间填错"}
NOT_REACHED = {"tried_at": "2026-11-20 09:25", "tried_whom": "父亲", "tried_by": "phone", "tried_says": "关机"}
SETTLED = {"settled_at": "2026-11-20 09:39", "outcome": "已缝合，无大碍", "child_now": "已回家休养"}
SUMMED_UP = {"causes": "单杠松动", "lessons": "每周检查器械", "follow_up": "每天问候一次，直至返校"}
ABSENT = {"noticed_at": "2026-11-20 08:20", "absent_since": "2026-11-20", "absent_why": "tired_of_school"}
CALLED = {"called_at": "2026-11-20 08:40", "called_whom": "祖父", "call_result": "reached", "call_says": "不愿上学"}
VISITED = {
    "visited_at": "2026-11-20 09:30",
    "visited_whom": "祖父和儿童",
    "saw_child": "true",
    "visit_says": "沉迷手机，愿意考虑返校",
}
SCHOOL_NOTICE = {
    "school_notice_number": "柳小〔2026〕12号",
    "school_notice_on": "2026-11-20",
    "school_notice_to": "柳溪镇人民政府",
    "school_notice_says": "请协助劝返",
}
SCHOOL_RECEIPT = {"school_notice_receipt_on": "2026-11-20", "school_notice_receipt_by": "陈立群"}
PERSUADED = {"cadres_on": "2026-11-20", "cadres_who": "村支书、妇女主任", "cadres_says": "仍不愿返校"}
ORDER = {
    "township_notice_number": "柳政控〔2026〕3号",
    "township_notice_on": "2026-11-20",
    "township_notice_to": "林长顺",
    "township_notice_says": "请于三日内送儿童返校",
}
ORDER_RECEIPT = {"township_notice_receipt_on": "2026-11-20", "township_notice_receipt_by": "林长顺"}
BACK = {"returned_on": "2026-11-20", "returned_how": "school", "returned_help": "每天谈心，结对辅导"}
EXCUSED = {"excused_why": "leave", "excused_proof": "家长补交请假条"}
VOTE = {"voted_on": "2026-11-20", "votes_cast": "40", "votes_for": "21"}


def told(key: str, whom: str) -> Answers:
    """Return the answers of a notice about an emergency."""
    return {f"{key}_told_at": "2026-11-20 09:30", f"{key}_told": whom, f"{key}_told_by": "phone"}


TOLD = ("tell_guardian", "tell_parents", "tell_authority", "tell_township")

# A workflow's first opening is the usual one; another is named where steps need it.
OPENINGS: Mapping[str, Opening] = {
    "identification": Opening("identification", "ZX-2302", CLASS_OR_OFFICE),
    "pairing": Opening("pairing", "ZX-2302", CLASS_OR_OFFICE, PROPOSED, MANY),
    "pairing with a peer": Opening("pairing", "ZX-2302", CLASS_OR_OFFICE, PEER),
    "individual_plan": Opening("individual_plan", "ZX-2302", PLANNERS, REFERRED, {"above_quota": "情况紧急"}),
    "inspection": Opening("inspection", "ZX", ("feng",), NOTICE),
    "archive": Opening("archive", "ZX-2302", OFFICE, {"why_archived": "year_end"}),
    "transfer": Opening("transfer", "SQ-2101", ("chen",), MOVING),
    "emergency": Opening("emergency", "ZX-2302", AT_SCHOOL, EVENT),
    "keep_in_school": Opening("keep_in_school", "ZX-2302", AT_SCHOOL, ABSENT),
    "commendation": Opening("commendation", "ZX-2302", CLASS_OR_OFFICE, {"award": "progress", "merit": "数学进步明显"}),
}

# The way to every state, from the opening on.
WAYS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "identification": {
        "open": (),
        "confirmed": ("complete",),
        "returned": ("complete", "send_back"),
        "filed": ("complete", "file"),
        "not_left_behind": ("not_left_behind",),
        "lapsed": ("lapse",),
    },
    "pairing": {
        "proposed": (),
        "accepted": ("accept",),
        "active": ("accept", "sign"),
        "ended": ("accept", "sign", "end"),
        "declined": ("decline",),
    },
    "pairing with a peer": {"proposed": ()},
    "individual_plan": {
        "draft": (),
        "review": ("submit",),
        "returned": ("submit", "return_it"),
        "approved": ("submit", "approve"),
        "active": ("submit", "approve", "inform"),
        "achieved": ("submit", "approve", "inform", "achieve"),
        "referred": ("submit", "approve", "inform", "refer"),
        "dropped": ("drop",),
    },
    "inspection": {
        "announced": (),
        "checked": ("self_check",),
        "rectifying": ("self_check", "find"),
        "rechecking": ("self_check", "find", "rectify"),
        "reported": ("self_check", "pass"),
        "circulated": ("self_check", "pass", "circulate"),
        "called_off": ("call_off",),
    },
    "archive": {
        "gathering": (),
        "sealed": ("seal",),
        "reopened": ("seal", "reopen"),
        "handed_on": ("seal", "hand_on"),
        "called_off": ("call_off",),
    },
    "transfer": {"requested": (), "accepted": ("accept",), "refused": ("refuse",), "withdrawn": ("withdraw",)},
    "emergency": {
        "responding": (),
        "settled": (*TOLD, "settle"),
        "closed": (*TOLD, "settle", "close"),
        "called_off": ("call_off",),
    },
    "keep_in_school": {
        "absent": (),
        "called": ("call",),
        "visited": ("call", "visit"),
        "reported": ("call", "visit", "report"),
        "village": ("call", "visit", "report", "receive"),
        "township": ("call", "visit", "report", "receive", "persuade"),
        "ordered": ("call", "visit", "report", "receive", "persuade", "order"),
        "served": ("call", "visit", "report", "receive", "persuade", "order", "serve"),
        "returned": ("come_back",),
        "excused": ("excuse",),
    },
    "commendation": {
        "nominated": (),
        "voted": ("vote",),
        "approved": ("vote", "approve"),
        "published": ("vote", "approve", "publish"),
        "awarded": ("vote", "approve", "publish", "award"),
        "not_awarded": ("stop",),
    },
}

STEPS: Mapping[str, tuple[Step, ...]] = {
    "identification": (
        Step("complete", "open", "confirmed", ("zhou",), FILE),
        Step("complete", "returned", "confirmed", ("zhou",), FILE),
        Step("file", "confirmed", "filed", OFFICE),
        Step("send_back", "confirmed", "returned", OFFICE, REASON),
        Step("not_left_behind", "open", "not_left_behind", OFFICE, TAKEN_OFF),
        Step("not_left_behind", "confirmed", "not_left_behind", OFFICE, TAKEN_OFF),
        Step("not_left_behind", "returned", "not_left_behind", OFFICE, TAKEN_OFF),
        Step("lapse", "open", "lapsed", OFFICE),
        Step("lapse", "confirmed", "lapsed", OFFICE),
        Step("lapse", "returned", "lapsed", OFFICE),
    ),
    "pairing": (
        Step("accept", "proposed", "accepted", ("shi",), {"times_a_month": "2"}),
        Step("decline", "proposed", "declined", ("shi",), REASON),
        Step("withdraw", "proposed", "declined", CLASS_OR_OFFICE, REASON),
        Step("withdraw", "accepted", "declined", CLASS_OR_OFFICE, REASON),
        Step("sign", "accepted", "active", CLASS_OR_OFFICE, SIGNED),
        Step("check", "active", "active", CLASS_OR_OFFICE, CHECKED),
        Step("change", "active", "proposed", CLASS_OR_OFFICE, CHANGED),
        Step("end", "active", "ended", CLASS_OR_OFFICE, ENDED),
    ),
    "pairing with a peer": (Step("accept_for", "proposed", "accepted", CLASS_OR_OFFICE, ASKED_FOR),),
    "individual_plan": (
        Step("submit", "draft", "review", PLANNERS, PLAN),
        Step("submit", "returned", "review", PLANNERS, PLAN),
        Step("approve", "review", "approved", ("tan",), {"opinion": "同意，按方案执行"}),
        Step("return_it", "review", "returned", ("tan",), {"opinion": "措施再具体些"}),
        Step("inform", "approved", "active", PLANNERS, INFORMED),
        Step("progress", "active", "active", PLANNERS, PROGRESS),
        Step("extend", "active", "review", PLANNERS, PLAN),
        Step("achieve", "active", "achieved", PLANNERS, OUTCOME),
        Step("refer", "active", "referred", LEADERS, REFERRED_OUT),
        Step("drop", "draft", "dropped", LEADERS, REASON),
        Step("drop", "review", "dropped", LEADERS, REASON),
        Step("drop", "returned", "dropped", LEADERS, REASON),
        Step("drop", "approved", "dropped", LEADERS, REASON),
    ),
    "inspection": (
        Step("self_check", "announced", "checked", INSPECTED, SELF_CHECK),
        Step("go_on", "announced", "checked", ("feng",), REASON),
        Step("pass", "checked", "reported", ("feng",), SHEET),
        Step("find", "checked", "rectifying", ("feng",), FOUND),
        Step("rectify", "rectifying", "rechecking", INSPECTED, RECTIFIED),
        Step("accept", "rechecking", "reported", ("feng",), RECHECKED),
        Step("not_yet", "rechecking", "rectifying", ("feng",), FOUND),
        Step("circulate", "reported", "circulated", ("feng",), CIRCULAR),
        Step("call_off", "announced", "called_off", ("feng",), REASON),
        Step("call_off", "checked", "called_off", ("feng",), REASON),
    ),
    "archive": (
        Step("seal", "gathering", "sealed", OFFICE, PAPERS),
        Step("call_off", "gathering", "called_off", OFFICE, REASON),
        Step("reopen", "sealed", "reopened", OFFICE, REASON),
        Step("hand_on", "sealed", "handed_on", OFFICE, HANDED_ON),
    ),
    "transfer": (
        Step("accept", "requested", "accepted", ("qin",), {"to_class": "#ZX-2101"}),
        Step("refuse", "requested", "refused", ("qin",), REASON),
        Step("withdraw", "requested", "withdrawn", ("chen",), REASON),
    ),
    "emergency": (
        Step("tell_guardian", "responding", "responding", AT_SCHOOL, told("guardian", "祖父林长顺")),
        Step("tell_parents", "responding", "responding", AT_SCHOOL, told("parents", "父亲")),
        Step("tell_authority", "responding", "responding", HEADS, told("authority", "县教育局安全股")),
        Step("tell_township", "responding", "responding", HEADS, told("township", "镇政府值班室")),
        Step("tell_county", "responding", "responding", HEADS, told("county", "县领导小组办公室")),
        Step("no_answer", "responding", "responding", AT_SCHOOL, NOT_REACHED),
        Step("update", "responding", "responding", AT_SCHOOL, UPDATED),
        Step("correct", "responding", "responding", CLASS_OR_HEADS, CORRECTED),
        Step("correct", "settled", "responding", CLASS_OR_HEADS, CORRECTED),
        Step("agree", "responding", "responding", ("tan",), {"head_says": "同意，先救人"}),
        Step("settle", "responding", "settled", HEADS, SETTLED, TOLD),
        Step("close", "settled", "closed", HEADS, SUMMED_UP),
        Step("call_off", "responding", "called_off", HEADS, REASON),
    ),
    "keep_in_school": (
        Step("call", "absent", "called", CLASS_OR_HEADS, CALLED),
        Step("call_again", "called", "called", CLASS_OR_HEADS, CALLED),
        Step("visit", "called", "visited", AT_SCHOOL, VISITED),
        Step("report", "visited", "reported", ("qin", "tan"), SCHOOL_NOTICE),
        Step("receive", "reported", "village", ("chen",), SCHOOL_RECEIPT),
        Step("persuade", "village", "township", ("chen",), PERSUADED),
        Step("order", "township", "ordered", ("chen",), ORDER),
        Step("serve", "ordered", "served", ("chen",), ORDER_RECEIPT),
        *(
            step
            for state in ("absent", "called", "visited", "reported", "village", "township", "ordered", "served")
            for step in (
                Step("come_back", state, "returned", CLASS_OR_HEADS, BACK),
                Step("excuse", state, "excused", HEADS, EXCUSED),
            )
        ),
    ),
    "commendation": (
        Step("vote", "nominated", "voted", ("zhou",), VOTE),
        Step("approve", "voted", "approved", ("tan",), {"opinion": "同意"}),
        Step(
            "publish",
            "approved",
            "published",
            OFFICE,
            {"published_from": "2026-11-20", "published_until": "2026-11-27"},
        ),
        Step("award", "published", "awarded", CLASS_OR_OFFICE, {"awarded_on": "2026-11-20", "prize": "奖状"}),
        Step("stop", "nominated", "not_awarded", ("tan", *CLASS_OR_OFFICE), REASON),
        Step("stop", "voted", "not_awarded", ("tan", *CLASS_OR_OFFICE), REASON),
        Step("stop", "approved", "not_awarded", ("tan", *CLASS_OR_OFFICE), REASON),
        Step("stop", "published", "not_awarded", ("tan", *CLASS_OR_OFFICE), REASON),
    ),
}


def step_of(begun: str, transition: str, source: str) -> Step:
    """Return the entry of a transition out of a state; raises LookupError where the table has none."""
    for step in STEPS[begun]:
        if (step.transition, step.source) == (transition, source):
            return step
    raise LookupError(f"tests/steps.py has no step {transition} out of {source} for {begun}")
