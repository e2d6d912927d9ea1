"""A signature is kept with the voice it was drawn for; somebody keeps an eye on a case until they end it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from models.attachment import Attachment
from models.scope import system_scope
from models.task import CaseTask, CaseWatch
from models.vault import learn_keys
from tests.cast import NOW, Cast
from tests.deciding import WHO, Joint, begin
from tests.pictures import drawn
from workflows.file_kind import Upload
from workflows.operations.attachment import remove_attachment
from workflows.operations.case import Request, act_on_case
from workflows.operations.watch import Watching, end_watch, watch_case
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
