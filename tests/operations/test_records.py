"""Dated records: written once, sealed under each child's key, corrected by a new row, voided with a reason."""

from __future__ import annotations

import io
import json
from datetime import date, timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from models.attachment import Attachment, AttachmentContent
from models.child import Child
from models.record import Record
from models.reports.records import records_count
from models.scope import system_scope
from models.storage import SMALL, WHOLE, storage
from models.vault import learn_keys
from tests.cast import NOW, Cast
from tests.office import act, bodies
from tests.pictures import photo
from workflows.file_kind import Upload
from workflows.operations.attachment import add_attachment, remove_attachment
from workflows.operations.record import correct_record, void_record, write_record
from workflows.policy import Permission as P
from workflows.record_forms import answers_of, form_of
from workflows.refusal import Denied, Missing, Refusal, Stale

TALK: dict[str, object] = {
    "talked_on": "2026-11-20",
    "topics": ["life", "mood"],
    "said": "妈妈三周没来电话",
    "place": "playground",
    "risk_change": "same",
    "confidential": "请心理老师约谈",
}


def talk(cast: Cast, child: int, login: str = "zhou", **more: Any) -> int:
    answers = TALK | more.pop("answers", {})
    return act(cast, login, P.RECORD_WRITE, write_record, "talk", [child], answers, **more).records[0]


def row_of(cast: Cast, record: int) -> Record:
    with cast.database.session(system_scope("tests")) as session:
        return session.get_one(Record, record)


def answers(cast: Cast, record: int, level: str = "P3") -> dict[str, Any]:
    with cast.database.session(system_scope("tests")) as session:
        row = session.get_one(Record, record)
        learn_keys(session, [row.child_id])
        return answers_of(session, form_of(session, row).form, row, level)


def test_a_talk_is_kept_with_its_author_term_and_school_and_told_field_by_field(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    record = row_of(cast, talk(cast, child))
    assert (record.form, record.form_version, record.counts_as) == ("talk", 1, "talk")
    assert (record.happened_on, record.term_id, record.made_at_school) == (date(2026, 11, 20), cast.term_id, "ZX")
    assert (record.made_by_name, record.made_by_role, record.state) == ("周敏", "class_teacher", "active")
    told = bodies(cast)[-1]
    assert (told["action"], told["child_id"], told["role"]) == ("record.written", child, "class_teacher")
    assert [(c["field"], c["class"]) for c in told["changes"]] == [
        ("talked_on", "P1"), ("topics", "P1"), ("said", "P2"), ("place", "P1"), ("risk_change", "P1"),
        ("confidential", "P3"),
    ]  # fmt: skip


def test_protected_answers_stand_sealed_in_the_row_and_open_by_class(cast: Cast) -> None:
    record = talk(cast, cast.add_child("ZX-2302"))
    data = row_of(cast, record).data
    assert data["topics"] == ["life", "mood"]
    assert "sealed" in data["said"]
    assert "妈妈" not in json.dumps(data, ensure_ascii=False)
    assert answers(cast, record)["confidential"] == "请心理老师约谈"
    assert "confidential" not in answers(cast, record, "P2")
    assert "said" not in answers(cast, record, "P1")


def test_the_same_request_sent_twice_writes_one_record(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    assert talk(cast, child, key="k1") == talk(cast, child, key="k1")
    with pytest.raises(Refusal) as refused:
        talk(cast, child, key="k1", answers={"said": "另一件事"})
    assert refused.value.code == "key_reused"
    with cast.database.session(system_scope("tests")) as session:
        assert len(session.scalars(select(Record.id)).all()) == 1


@pytest.mark.parametrize("login", ["shi", "bai", "nobody", "feng"])
def test_people_without_the_class_cannot_write_about_its_children(cast: Cast, login: str) -> None:
    child = cast.add_child("ZX-2302")
    with pytest.raises((Denied, Missing)):
        talk(cast, child, login)
    with cast.database.session(system_scope("tests")) as session:
        assert session.scalars(select(Record.id)).all() == []


def test_the_office_reads_and_does_not_write(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    with pytest.raises((Denied, Missing)):
        talk(cast, child, "qin")


@pytest.mark.parametrize("status", ["left", "archived"])
def test_nothing_is_written_about_a_child_who_is_not_on_file(cast: Cast, status: str) -> None:
    child = cast.add_child("ZX-2302", status=status)
    with pytest.raises(Refusal) as refused:
        talk(cast, child)
    assert refused.value.code == "not_on_file"


def test_a_day_to_come_and_missing_answers_are_refused_at_their_fields(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    tomorrow = (NOW.date() + timedelta(days=1)).isoformat()
    with pytest.raises(Refusal) as refused:
        talk(cast, child, answers={"talked_on": tomorrow, "said": " "})
    assert set(refused.value.faults) == {"talked_on", "said"}


def test_a_meeting_is_written_for_several_children_each_with_a_row_of_its_own(cast: Cast) -> None:
    children = [cast.add_child("ZX-2302", name) for name in ("田浩然", "覃语嫣", "谢小满")]
    meeting = {"held_on": "2026-11-18", "kind": "meeting", "topics": "冬季安全", "feedback": "家长希望多开"}
    written = act(cast, "zhou", P.RECORD_WRITE, write_record, "guardian_meeting", children, meeting)
    rows = [row_of(cast, record) for record in written.records]
    assert {row.child_id for row in rows} == set(children)
    assert {row.occasion_id for row in rows} == {written.occasion}
    assert all(answers(cast, row.id)["feedback"] == "家长希望多开" for row in rows)
    with pytest.raises(Refusal) as refused:
        act(cast, "zhou", P.RECORD_WRITE, write_record, "talk", children, TALK)
    assert refused.value.code == "one_child_only"


def test_a_meeting_with_one_child_out_of_reach_is_written_for_none(cast: Cast) -> None:
    children = [cast.add_child("ZX-2302"), cast.add_child("BX-2101")]
    meeting = {"held_on": "2026-11-18", "kind": "meeting", "topics": "冬季安全"}
    with pytest.raises(Missing):
        act(cast, "zhou", P.RECORD_WRITE, write_record, "guardian_meeting", children, meeting)
    with cast.database.session(system_scope("tests")) as session:
        assert session.scalars(select(Record.id)).all() == []


def test_a_correction_is_a_new_row_and_the_old_one_stays(cast: Cast) -> None:
    old = talk(cast, cast.add_child("ZX-2302"))
    new = act(cast, "zhou", P.RECORD_VOID, correct_record, old, 1, TALK | {"said": "妈妈昨晚来电话了"}, "听错了")
    assert (row_of(cast, old).state, row_of(cast, new).state) == ("corrected", "active")
    assert row_of(cast, new).replaces_id == old
    assert (answers(cast, old)["said"], answers(cast, new)["said"]) == ("妈妈三周没来电话", "妈妈昨晚来电话了")
    told = bodies(cast)[-1]
    assert (told["action"], [c["field"] for c in told["changes"]]) == ("record.corrected", ["said"])
    assert told["facts"]["replaces"] == str(old)


def test_an_office_that_mends_a_record_keeps_the_part_it_cannot_see(cast: Cast) -> None:
    old = talk(cast, cast.add_child("ZX-2302"))
    seen = {key: value for key, value in TALK.items() if key != "confidential"}
    new = act(cast, "qin", P.RECORD_MEND, correct_record, old, 1, seen | {"place": "office"}, "地点记错了")
    assert answers(cast, new)["confidential"] == "请心理老师约谈"
    assert answers(cast, new)["place"] == "office"


def test_a_correction_wants_a_reason_a_change_and_the_record_as_it_was_read(cast: Cast) -> None:
    record = talk(cast, cast.add_child("ZX-2302"))
    for answers_, reason, rev, code in (
        (TALK | {"said": "改"}, "", 1, "reason_missing"),
        (TALK, "没有改动", 1, "no_change"),
    ):
        with pytest.raises(Refusal) as refused:
            act(cast, "zhou", P.RECORD_VOID, correct_record, record, rev, answers_, reason)
        assert refused.value.code == code
    with pytest.raises(Stale):
        act(cast, "zhou", P.RECORD_VOID, correct_record, record, 7, TALK | {"said": "改"}, "听错了")
    act(cast, "zhou", P.RECORD_VOID, void_record, record, 1, "记错人了")
    with pytest.raises(Stale):
        act(cast, "zhou", P.RECORD_VOID, correct_record, record, 2, TALK | {"said": "改"}, "听错了")


def test_only_the_author_and_the_office_void_a_record(cast: Cast) -> None:
    record = talk(cast, cast.add_child("ZX-2302"))
    with pytest.raises(Denied):
        act(cast, "meng", P.RECORD_VOID, void_record, record, 1, "想删掉")
    act(cast, "qin", P.RECORD_MEND, void_record, record, 1, "重复登记")
    row = row_of(cast, record)
    assert row.state == "voided"
    told = bodies(cast)[-1]
    assert (told["action"], told["reason"] is not None) == ("record.voided", True)


def test_active_records_are_counted_by_kind_and_day(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    talk(cast, child, answers={"talked_on": "2026-10-31"})
    talk(cast, child)
    voided = talk(cast, child, answers={"said": "重复"})
    act(cast, "zhou", P.RECORD_VOID, void_record, voided, 1, "重复登记")
    letter = {"called_on": "2026-11-02", "channel": "letter", "between": "child_parents", "gist": "报平安"}
    act(cast, "zhou", P.RECORD_WRITE, write_record, "call_log", [child], letter)
    with cast.database.session(system_scope("tests")) as session:
        november = (date(2026, 11, 1), date(2026, 11, 30))
        assert records_count(session, child, {"talk"}, *november) == 1
        assert records_count(session, child, {"letter", "call"}, *november) == 1
        assert records_count(session, child, {"talk"}, date(2026, 9, 1), date(2026, 11, 30)) == 2


def test_records_move_with_the_child_and_keep_their_first_school(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    record = talk(cast, child, files=[Upload("a.jpg", photo())])
    with cast.database.transaction(system_scope("tests")) as session:
        session.get_one(Child, child).place_at(cast.codes("BX-2101"))
    with cast.database.session(system_scope("tests")) as session:
        moved = session.get_one(Record, record)
        assert (moved.school_code, moved.made_at_school) == ("BX", "ZX")
        assert set(session.scalars(select(AttachmentContent.school_code))) == {"BX"}


def test_a_photo_is_turned_upright_made_smaller_and_freed_of_its_position(cast: Cast) -> None:
    big = photo(3000, 2000, turned=True, placed=True)
    record = talk(cast, cast.add_child("ZX-2302"), files=[Upload("C:\\tmp\\IMG 001.jpeg", big)])
    with cast.database.session(system_scope("tests")) as session:
        row = session.scalars(select(Attachment).where(Attachment.record_id == record)).one()
        learn_keys(session, [row.child_id])
        whole, small = storage.get(session, row, WHOLE), storage.get(session, row, SMALL)
        assert row.name == "IMG 001.jpg"
        sealed = session.scalars(select(AttachmentContent.sealed)).all()
    assert (row.width, row.height) == (1067, 1600)
    assert whole is not None
    assert small is not None
    with Image.open(io.BytesIO(whole)) as kept, Image.open(io.BytesIO(small)) as thumbnail:
        assert dict(kept.getexif()) == {}
        assert max(thumbnail.size) == 320
    assert b"Invented Camera" not in whole
    assert all(not content.startswith(b"\xff\xd8") for content in sealed)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.jpg", b"", "empty_file"),
        ("a.jpg", photo()[:500], "not_a_picture"),
        ("a.jpg", b"\xff\xd8\xff" + b"x" * 50, "not_a_picture"),
        ("a.exe", b"MZ" + b"x" * 50, "kind_not_allowed"),
        ("a.docx", b"PK\x03\x04" + b"x" * 50, "kind_not_allowed"),
        ("a.svg", b"<svg onload='x()'/>", "kind_not_allowed"),
        ("a.pdf", b"%PDF-1.7" + b"x" * (11 << 20), "file_too_large"),
    ],
)
def test_what_is_no_photo_or_document_is_refused_and_nothing_is_written(
    sqlite_cast: Cast, name: str, content: bytes, code: str
) -> None:
    child = sqlite_cast.add_child("ZX-2302")
    with pytest.raises(Refusal) as refused:
        talk(sqlite_cast, child, files=[Upload(name, content)])
    assert refused.value.code == code
    with sqlite_cast.database.session(system_scope("tests")) as session:
        assert session.scalars(select(Record.id)).all() == []


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked(
    sqlite_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.picture.MOST_PIXELS", 100_000)
    with pytest.raises(Refusal) as refused:
        talk(sqlite_cast, sqlite_cast.add_child("ZX-2302"), files=[Upload("a.png", photo(400, 300, "PNG"))])
    assert refused.value.code == "too_many_pixels"


def test_a_wrong_photo_is_destroyed_and_stays_known(cast: Cast) -> None:
    record = talk(cast, cast.add_child("ZX-2302"))
    number = act(cast, "zhou", P.RECORD_VOID, add_attachment, record, Upload("a.pdf", b"%PDF-1.4 x"))
    with pytest.raises(Denied):
        act(cast, "meng", P.RECORD_VOID, remove_attachment, number, "不该在这里")
    act(cast, "zhou", P.RECORD_VOID, remove_attachment, number, "传错了人")
    with cast.database.session(system_scope("tests")) as session:
        assert session.get_one(Attachment, number).removed_at is not None
        assert session.scalars(select(AttachmentContent.id)).all() == []
    assert [b["action"] for b in bodies(cast)][-2:] == ["attachment.added", "attachment.removed"]


def test_attachments_follow_a_correction(cast: Cast) -> None:
    old = talk(cast, cast.add_child("ZX-2302"), files=[Upload("a.jpg", photo())])
    new = act(cast, "zhou", P.RECORD_VOID, correct_record, old, 1, TALK | {"said": "改过"}, "听错了")
    with cast.database.session(system_scope("tests")) as session:
        assert session.scalars(select(Attachment.record_id)).all() == [new]
