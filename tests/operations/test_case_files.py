"""Photos and files of cases: sent with a form or added beside it, seen inside the circle, destroyed with a reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from models.attachment import Attachment, AttachmentContent
from models.case import Case, CaseRecord
from models.child import Child
from models.scope import system_scope
from models.storage import WHOLE, storage
from tests.cast import Cast
from tests.pictures import photo
from tests.playing import Standing, begin, request, stand
from tests.steps import INFORMED, step_of
from workflows.file_kind import Upload
from workflows.operations.attachment import add_case_file, remove_attachment
from workflows.operations.case import Request, act_on_case
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal

PICTURE = Upload("签字页.jpg", photo(placed=True))
PDF = Upload("回执.pdf", b"%PDF-1.4 invented")


def inform(cast: Cast, plan: Standing, *files: Upload, **more: Any) -> Any:
    step = replace(step_of("individual_plan", "inform", "approved"), answers=INFORMED | more)
    with cast.acting("meng", Permission.CASE_ACT) as tx:
        return act_on_case(tx, plan.number, request(cast, step, files={"receipt": files} if files else {}))


def add(cast: Cast, login: str, number: str, file: Upload = PICTURE) -> int:
    with cast.acting(login, Permission.CASE_ACT) as tx:
        return add_case_file(tx, number, file)


def remove(cast: Cast, login: str, file: int, reason: str = "传错了") -> None:
    with cast.acting(login, Permission.CASE_READ) as tx:
        remove_attachment(tx, file, reason)


def files_seen(cast: Cast, login: str, permission: Permission = Permission.CASE_READ) -> list[int]:
    with cast.acting(login, permission) as tx:
        return list(tx.session.scalars(select(Attachment.id).order_by(Attachment.id)))


def kept(cast: Cast) -> list[Attachment]:
    with cast.database.session(system_scope("tests")) as session:
        return list(session.scalars(select(Attachment).order_by(Attachment.id)))


def test_files_sent_with_a_step_answer_its_question_and_stay_with_the_case(cast: Cast) -> None:
    plan = stand(cast, "individual_plan", "approved")
    inform(cast, plan, PICTURE, PDF)
    first, second = kept(cast)
    assert [(row.field, row.protection, row.circle, row.kind) for row in (first, second)] == [
        ("receipt", "P2", "individual_plan", "jpeg"),
        ("receipt", "P2", "individual_plan", "pdf"),
    ]
    with cast.acting("meng", Permission.CASE_READ) as tx:
        case = tx.session.scalars(select(Case).where(Case.number == plan.number)).one()
        record = tx.session.scalars(select(CaseRecord).order_by(CaseRecord.id.desc())).first()
        assert record is not None
        assert {"receipt"} <= set(record.data) & set(case.facts)
        content = storage.get(tx.session, tx.session.get_one(Attachment, second.id), WHOLE)
    assert content == PDF.content
    told = [(event["action"], event.get("circle")) for event in cast.events("attachment.added", "case.moved")[-3:]]
    assert told == [("attachment.added", "individual_plan")] * 2 + [("case.moved", "individual_plan")]
    fields = {change["field"]: change["class"] for change in cast.events("case.moved")[-1]["changes"]}
    assert fields["case.guardian_said"] == "P3"
    assert fields["case.receipt"] == "P2"


def test_a_number_that_was_typed_is_no_file(cast: Cast) -> None:
    plan = stand(cast, "individual_plan", "approved")
    inform(cast, plan, receipt=["912318"])
    with cast.acting("meng", Permission.CASE_READ) as tx:
        assert "receipt" not in tx.session.scalars(select(Case.facts).where(Case.number == plan.number)).one()


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (Upload("x.exe", b"MZ" + b"x" * 40), "kind_not_allowed"),
        (Upload("空.pdf", b""), "empty_file"),
        (Upload("坏.jpg", b"\xff\xd8\xff"), "not_a_picture"),
    ],
)
def test_a_wrong_file_takes_the_whole_step_back_and_is_told_beside_its_question(
    cast: Cast, file: Upload, code: str
) -> None:
    plan = stand(cast, "individual_plan", "approved")
    with pytest.raises(Refusal) as refused:
        inform(cast, plan, PICTURE, file)
    assert (refused.value.code, list(refused.value.faults)) == (code, ["receipt"])
    assert kept(cast) == []
    with cast.database.session(system_scope("tests")) as session:
        assert session.scalar(select(Case.state).where(Case.number == plan.number)) == "approved"


def test_thirteen_files_are_too_many_for_one_question(cast: Cast) -> None:
    plan = stand(cast, "individual_plan", "approved")
    with pytest.raises(Refusal) as refused:
        inform(cast, plan, *[PDF] * 13)
    assert str(refused.value.faults["receipt"]) == "最多 12 个附件"


def test_the_same_step_sent_twice_keeps_its_files_once(cast: Cast) -> None:
    plan = stand(cast, "individual_plan", "approved")
    step = step_of("individual_plan", "inform", "approved")
    for _ in range(2):
        with cast.acting("meng", Permission.CASE_ACT) as tx:
            act_on_case(tx, plan.number, request(cast, step, key="k1", files={"receipt": [PDF]}))
    assert len(kept(cast)) == 1
    other = {"receipt": [Upload("另一份.pdf", b"%PDF-1.4 other")]}
    with cast.acting("meng", Permission.CASE_ACT) as tx, pytest.raises(Refusal) as refused:
        act_on_case(tx, plan.number, request(cast, step, key="k1", files=other))
    assert refused.value.code == "key_reused"


def test_files_of_a_confidential_case_do_not_exist_outside_its_circle(cast: Cast) -> None:
    plan = begin(cast, "individual_plan")
    file = add(cast, "meng", plan.number)
    assert files_seen(cast, "meng") == files_seen(cast, "tan") == files_seen(cast, "zhou") == [file]
    for login in ("qin", "chen", "bai", "shi"):
        assert files_seen(cast, login) == []
        with pytest.raises((Missing, Denied)):
            add(cast, login, plan.number)
        with pytest.raises((Missing, Denied)):
            remove(cast, login, file)
    with cast.acting("qin", Permission.CASE_READ) as tx:
        assert tx.session.scalar(select(func.count()).select_from(AttachmentContent)) == 0


def test_a_case_about_a_place_has_files_too(cast: Cast) -> None:
    visit = begin(cast, "inspection")
    file = add(cast, "qin", visit.number)
    (row,) = kept(cast)
    assert (row.child_id, row.protection) == (None, "P1")
    assert files_seen(cast, "qin") == files_seen(cast, "feng") == [file]
    assert files_seen(cast, "bai") == []


def test_a_closed_case_takes_no_more_files_and_a_sealed_file_loses_none(cast: Cast) -> None:
    plan = begin(cast, "individual_plan")
    file = add(cast, "meng", plan.number)
    with cast.acting("meng", Permission.CASE_ACT) as tx:
        act_on_case(tx, plan.number, Request("drop", answers={"reason": "转到外省"}))
    with pytest.raises(Refusal) as refused:
        add(cast, "meng", plan.number)
    assert refused.value.code == "case_closed"
    with cast.database.transaction(system_scope("tests")) as session:
        session.get_one(Child, plan.subject_id).status = "archived"
    with pytest.raises(Refusal) as sealed:
        remove(cast, "meng", file)
    assert sealed.value.code == "case_sealed"
    pairing = begin(cast, "pairing with a peer")
    with cast.database.transaction(system_scope("tests")) as session:
        session.get_one(Child, pairing.subject_id).status = "archived"
    with pytest.raises(Refusal) as late:
        add(cast, "zhou", pairing.number)
    assert late.value.code == "case_sealed"


def test_who_sent_a_file_the_office_and_leaders_of_a_circle_may_take_it_away_with_a_reason(cast: Cast) -> None:
    pairing = begin(cast, "pairing with a peer")
    mine, other = add(cast, "zhou", pairing.number), add(cast, "zhou", pairing.number, PDF)
    with pytest.raises(Denied):
        remove(cast, "meng", mine)
    with pytest.raises(Refusal) as refused:
        remove(cast, "zhou", mine, " ")
    assert refused.value.code == "reason_missing"
    remove(cast, "zhou", mine)
    remove(cast, "qin", other)
    with pytest.raises(Missing):
        remove(cast, "qin", other)
    plan = begin(cast, "individual_plan")
    remove(cast, "tan", add(cast, "meng", plan.number))
    with cast.database.session(system_scope("tests")) as session:
        assert session.scalar(select(func.count()).select_from(AttachmentContent)) == 0
    assert [event["reason"] is not None for event in cast.events("attachment.removed")] == [True] * 3
