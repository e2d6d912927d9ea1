"""A signature is kept with the voice it was drawn for; somebody keeps an eye on a case until they end it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models.attachment import Attachment
from models.case import Case
from models.notice import Notice
from models.scope import system_scope
from models.staff import Staff
from models.task import CaseTask, CaseWatch
from models.vault import learn_keys
from tests.cast import NOW, Cast
from tests.deciding import WHO, Joint, begin, open_joint, publish
from tests.pictures import drawn
from workflows.engine.vocabulary import Verb
from workflows.file_kind import Upload
from workflows.operations.attachment import remove_attachment
from workflows.operations.case import Request, act_on_case
from workflows.operations.lapse import lapse_cases
from workflows.operations.many_cases import move_cases
from workflows.operations.watch import Watching, end_watch, watch_case
from workflows.outbox.send import send_due
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal

SIGNED = f"{{who: {WHO}, mode: all, sign: true}}"
TODAY = NOW.date()


def _sign(joint: Joint, login: str, content: bytes | None, **answers: str) -> None:
    files = {} if content is None else {"signature": [Upload("qm.png", content)]}
    with joint.cast.acting(login, Permission.CASE_ACT) as tx:
        act_on_case(tx, joint.number, Request("agree", answers=answers, files=files))


def test_each_voice_keeps_its_own_signature(cast: Cast) -> None:
    joint = begin(cast, SIGNED)
    _sign(joint, "tan", drawn())
    _sign(joint, "meng", drawn())
    with cast.database.session(system_scope("tests")) as session:
        seats = {row.name: row.signature_id for row in session.scalars(select(CaseTask))}
        kept = {row.id: (row.made_by, row.field, row.protection) for row in session.scalars(select(Attachment))}
    assert kept == {
        seats["覃明远"]: (cast["tan"].staff_id, "signature", "P1"),
        seats["孟晓岚"]: (cast["meng"].staff_id, "signature", "P1"),
    }
    assert seats["秦素芬"] is None
    with pytest.raises(Refusal) as refusal, cast.acting("tan", Permission.CASE_ACT) as tx:
        remove_attachment(tx, seats["覃明远"] or 0, "写错了")
    assert refusal.value.code == "signature_stays"


@pytest.mark.parametrize("content", [None, b"", b"no picture", drawn(ink=False), drawn()[:200]])
def test_a_voice_without_a_signature_is_no_voice(cast: Cast, content: bytes | None) -> None:
    joint = begin(cast, SIGNED)
    with pytest.raises(Refusal) as refusal:
        _sign(joint, "tan", content, signature="已签")
    assert list(refusal.value.faults) == ["signature"]
    assert joint.seats()["覃明远"] == "open"


def test_a_watch_is_one_for_each_person_and_told(cast: Cast) -> None:
    joint = begin(cast, SIGNED)
    for _ in range(2):
        with cast.acting("tan", Permission.CASE_WATCH) as tx:
            watch_case(tx, joint.number, Watching("月底前办结", TODAY + timedelta(days=9), "once"))
    with pytest.raises(Refusal) as refusal, cast.acting("tan", Permission.CASE_WATCH) as tx:
        watch_case(tx, joint.number, Watching("再看看"))
    assert refusal.value.code == "watched_already"
    with cast.acting("chen", Permission.CASE_WATCH) as tx:
        watch_case(tx, joint.number, Watching("报镇里"))
    with cast.database.session(system_scope("tests")) as session:
        rows = session.scalars(select(CaseWatch).order_by(CaseWatch.id)).all()
        learn_keys(session, [row.key_owner for row in rows])
        assert [(row.made_by_name, row.note, row.due_on) for row in rows] == [
            ("覃明远", "月底前办结", TODAY + timedelta(days=9)),
            ("陈立群", "报镇里", None),
        ]
    for _ in range(2):
        with cast.acting("tan", Permission.CASE_WATCH) as tx:
            end_watch(tx, joint.number)
    told = [(event["action"], event["actor_name"]) for event in cast.events("case.watched", "case.unwatched")]
    assert told == [("case.watched", "覃明远"), ("case.watched", "陈立群"), ("case.unwatched", "覃明远")]


def test_only_those_who_lead_there_watch(cast: Cast) -> None:
    joint = begin(cast, SIGNED)
    for login, refused in (("zhou", Denied), ("meng", Denied), ("bai", Missing)):
        with pytest.raises(refused), cast.acting(login, Permission.CASE_ACT) as tx:
            watch_case(tx, joint.number, Watching("看看"))
    with pytest.raises(Missing), cast.acting("tan", Permission.CASE_WATCH) as tx:
        end_watch(tx, joint.number)


def _watch(cast: Cast, number: str, *logins: str) -> None:
    for login in logins:
        with cast.acting(login, Permission.CASE_WATCH) as tx:
            watch_case(tx, number, Watching("月底前办结"))


def _watches(cast: Cast) -> list[tuple[str, bool, int | None]]:
    """Who watched, whether it has ended, and who ended it."""
    with cast.database.session(system_scope("tests")) as session:
        rows = session.scalars(select(CaseWatch).order_by(CaseWatch.id))
        return [(row.made_by_name, row.ended_at == NOW, row.ended_by) for row in rows]


def _notices(cast: Cast) -> list[tuple[str, str]]:
    send_due(cast.database, NOW + timedelta(minutes=1))
    with cast.database.session(system_scope("tests")) as session:
        found = session.execute(select(Staff.login, Notice.topic).join(Notice, Notice.staff_id == Staff.id))
        return sorted((login, topic) for login, topic in found)


def _stop_singly(cast: Cast, joint: Joint) -> None:
    joint.act("qin", "stop")


def _decide_by_a_verb(cast: Cast, joint: Joint) -> None:
    joint.act("zhou", "submit")
    joint.act("qin", "agree")
    joint.act("meng", "agree")
    joint.use("tan", Verb.RECUSE)


def _stop_many(cast: Cast, joint: Joint) -> None:
    with cast.acting("qin", Permission.CASE_ACT) as tx:
        assert move_cases(tx, [_id(cast, joint)], "stop", {"reason": "停办"}).moved == 1


def _lapse(cast: Cast, joint: Joint) -> None:
    with cast.system() as tx:
        lapse_cases(tx, [(tx.session.get_one(Case, _id(cast, joint)), "refused")], "wave")


def _id(cast: Cast, joint: Joint) -> int:
    with cast.database.session(system_scope("tests")) as session:
        return session.scalars(select(Case.id).where(Case.number == joint.number)).one()


@pytest.mark.parametrize("end", [_stop_singly, _decide_by_a_verb, _stop_many, _lapse])
def test_a_watch_ends_with_its_case_however_it_ends_and_tells_the_watcher_once(
    cast: Cast, end: Callable[[Cast, Joint], None]
) -> None:
    publish(cast, f"{{who: {WHO}, mode: all}}")
    joint, other = open_joint(cast), open_joint(cast)
    for one in (joint, other):
        _watch(cast, one.number, "tan", "chen")
    _notices(cast)
    end(cast, joint)
    assert _watches(cast) == [
        ("覃明远", True, None),
        ("陈立群", True, None),
        ("覃明远", False, None),
        ("陈立群", False, None),
    ]
    found = [line for line in _notices(cast) if line[0] in ("tan", "chen") and line[1] != "case.watched"]
    told = {("chen", "case.watch_ended"), ("tan", "case.watch_ended")}
    assert {line for line in found if line[1] == "case.watch_ended"} == told - (
        {("tan", "case.watch_ended")} if end is _decide_by_a_verb else set()  # who ended it knows
    )
    assert ("chen", "case.moved") not in found[2:], "once"
    with pytest.raises(Refusal) as refusal:
        _watch(cast, joint.number, "tan")
    assert refusal.value.code == "closed"
    with cast.acting("tan", Permission.CASE_WATCH) as tx:
        end_watch(tx, joint.number)
    assert _watches(cast)[0] == ("覃明远", True, None), "stays as it ended"
