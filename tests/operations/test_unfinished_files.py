"""Files of a refused form: kept for who sent them and nobody else, taken once, forgotten after a day."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from models.attachment import Attachment
from models.scope import system_scope
from models.types import new_id
from models.unfinished_file import UnfinishedFile
from models.vault import SealBroken, learn_keys, vault_of
from tests.cast import NOW, PASSWORD, Cast
from tests.pictures import photo
from tests.playing import Standing, request, stand
from tests.steps import INFORMED, step_of
from workflows.file_kind import Upload
from workflows.operations.account import log_in
from workflows.operations.case import act_on_case
from workflows.operations.draft import drop_draft
from workflows.operations.unfinished_file import (
    KEPT_FOR,
    MOST_OF_PERSON,
    Kept,
    Unfinished,
    keep_unfinished,
    take_unfinished,
    waiting_files,
)
from workflows.policy import Permission
from workflows.refusal import Refusal

PLACE = "/cases/IP-2026-0001/inform"
PDF = Upload("回执.pdf", b"%PDF-1.4 invented")
PICTURE = Upload("签字页.png", photo(placed=True))


def keep(cast: Cast, *files: Upload, login: str = "meng", at: Any = NOW, place: str = PLACE, **more: Any) -> Unfinished:
    with cast.acting(login, Permission.CASE_ACT, at) as tx:
        return keep_unfinished(tx, Kept(place, **more), {"receipt": files} if files else {})


def rows(cast: Cast) -> list[UnfinishedFile]:
    with cast.database.session(system_scope("tests")) as session:
        return list(session.scalars(select(UnfinishedFile).order_by(UnfinishedFile.id)))


def take(cast: Cast, login: str, *numbers: int, place: str = PLACE) -> list[str]:
    with cast.acting(login, Permission.CASE_ACT) as tx:
        return [one.file.name for one in take_unfinished(tx, Kept(place, numbers))]


def inform(cast: Cast, plan: Standing, *numbers: int, **more: Any) -> None:
    step = step_of("individual_plan", "inform", "approved")
    with cast.acting("meng", Permission.CASE_ACT) as tx:
        act_on_case(tx, plan.number, request(cast, step, key="k1", kept=Kept(PLACE, numbers), **more))


def test_a_file_waits_sealed_under_its_senders_key(cast: Cast) -> None:
    (waiting,) = keep(cast, PDF).files
    assert (waiting.field, waiting.name, waiting.kind, waiting.size) == ("receipt", "回执.pdf", "pdf", len(PDF.content))
    (row,) = rows(cast)
    assert PDF.content not in row.content_sealed
    with cast.database.session(system_scope("tests")) as session:
        other = cast["tan"].staff_id or 0
        learn_keys(session, [other])
        with pytest.raises(SealBroken):
            vault_of(session).open_bytes(other, f"unfinished_file:{row.id}:content", row.content_sealed)
        assert waiting_files(session, other, PLACE, NOW) == ()
    assert cast.events("attachment.added") == []


def test_the_same_file_sent_twice_waits_once(cast: Cast) -> None:
    keep(cast, PDF)
    assert len(keep(cast, PDF, Upload("又一份.pdf", PDF.content)).files) == 1
    assert len(keep(cast, PDF, place="/cases/IP-2026-0002/inform").files) == 1
    assert len(rows(cast)) == 2


def test_what_could_never_be_taken_is_not_kept_and_told(cast: Cast) -> None:
    done = keep(cast, Upload("x.exe", b"MZ" + b"x" * 40), PDF)
    assert [file.name for file in done.files] == ["回执.pdf"]
    assert "“x.exe”不能上传" in str(done.faults["receipt"])
    with cast.acting("meng", Permission.CASE_ACT) as tx:
        done = keep_unfinished(tx, Kept("/other"), {"photos": [PDF, Upload("坏.jpg", b"\xff\xd8\xff")]}, {"photos"})
    assert (done.files, list(done.faults)) == ((), ["photos"])


def test_a_photo_waits_without_position_and_camera(cast: Cast) -> None:
    keep(cast, PICTURE)
    with cast.acting("meng", Permission.CASE_ACT) as tx:
        (row,) = tx.session.scalars(select(UnfinishedFile))
        (sent,) = take_unfinished(tx, Kept(PLACE, (row.id,)))
    with Image.open(io.BytesIO(sent.file.content)) as picture:
        assert not picture.getexif()


def test_only_the_sender_takes_a_file_and_only_for_its_form(cast: Cast) -> None:
    (waiting,) = keep(cast, PDF).files
    for login, place in (("zhou", PLACE), ("qin", PLACE), ("meng", "/cases/IP-2026-0002/inform")):
        with pytest.raises(Refusal) as refused:
            take(cast, login, waiting.number, place=place)
        assert refused.value.code == "file_gone"
    with pytest.raises(Refusal):
        take(cast, "meng", waiting.number, new_id())
    assert len(rows(cast)) == 1
    assert take(cast, "meng", waiting.number) == ["回执.pdf"]
    assert rows(cast) == []


def test_nobody_takes_away_what_another_person_sent(cast: Cast) -> None:
    (waiting,) = keep(cast, PDF).files
    keep(cast, login="zhou", dropped=(waiting.number,))
    assert len(rows(cast)) == 1
    assert keep(cast, dropped=(waiting.number,)).files == ()


def test_a_step_takes_its_waiting_files_into_the_circle_once(cast: Cast) -> None:
    plan = stand(cast, "individual_plan", "approved")
    numbers = tuple(file.number for file in keep(cast, PDF, PICTURE).files)
    for _ in range(2):
        inform(cast, plan, *numbers)
    with cast.database.session(system_scope("tests")) as session:
        kept = session.scalars(select(Attachment).order_by(Attachment.id)).all()
        assert [(one.field, one.kind, one.circle) for one in kept] == [
            ("receipt", "pdf", "individual_plan"),
            ("receipt", "jpeg", "individual_plan"),
        ]
    assert rows(cast) == []


def test_a_step_refused_once_more_leaves_the_files_waiting(cast: Cast) -> None:
    plan = stand(cast, "individual_plan", "approved")
    (waiting,) = keep(cast, PDF).files
    with pytest.raises(Refusal):
        inform(cast, plan, waiting.number, answers=INFORMED | {"informed_on": ""})
    assert [row.id for row in rows(cast)] == [waiting.number]


def test_a_day_later_they_are_forgotten_whoever_keeps_the_next(cast: Cast) -> None:
    (waiting,) = keep(cast, PDF).files
    late = NOW + KEPT_FOR + timedelta(minutes=1)
    with cast.database.session(system_scope("tests")) as session:
        assert waiting_files(session, cast["meng"].staff_id or 0, PLACE, late) == ()
    keep(cast, PICTURE, login="zhou", at=late)
    assert waiting.number not in [row.id for row in rows(cast)]


def test_a_day_later_they_are_forgotten_when_anybody_logs_in(cast: Cast) -> None:
    keep(cast, PDF)
    for at, left in ((NOW + KEPT_FOR - timedelta(minutes=1), 1), (NOW + KEPT_FOR, 0)):
        with cast.system("log-in", at) as tx:
            assert log_in(tx, "zhou", PASSWORD, "test").token
        assert len(rows(cast)) == left


def test_a_form_given_up_drops_its_files_with_its_draft(cast: Cast) -> None:
    keep(cast, PDF)
    keep(cast, PDF, place="/other")
    with cast.acting("meng", Permission.CASE_ACT) as tx:
        drop_draft(tx, PLACE)
    assert [row.place for row in rows(cast)] == ["/other"]


def test_one_person_cannot_fill_the_disk(cast: Cast) -> None:
    many = [Upload(f"{n}.pdf", b"%PDF-1.4 " + str(n).encode()) for n in range(MOST_OF_PERSON + 1)]
    done = keep(cast, *many)
    assert len(done.files) == MOST_OF_PERSON
    assert "没有保留，请重新选择" in str(done.faults["receipt"])
