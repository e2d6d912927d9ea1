"""An upload waits sealed, its headings are settled by hand, and it is imported once whoever asks and how often."""

from __future__ import annotations

from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select

from admin_app.exchange.spreadsheet import read_grids
from models.child import Child
from models.place import Place
from models.roster import HeadingSynonym, RosterBatch
from models.scope import system_scope
from models.vault import DataKey
from tests.cast import NOW, Cast
from tests.register_files import PUPILS, separated
from workflows.operations.roster import classes_to_make, find_batch, find_school
from workflows.operations.roster_upload import (
    drop_old_uploads,
    drop_upload,
    import_upload,
    keep_upload,
    open_upload,
    settle_headings,
)
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal, Stale
from workflows.roster import RosterReport, check_roster

HEAD = ["姓名", "身份证号", "班级", "屯名"]
CONTENT = separated([HEAD, *([pupil.name, pupil.id_number, "三（1）班", "守望屯"] for pupil in PUPILS)])


def _report() -> RosterReport:
    return check_roster(read_grids(CONTENT, "x.csv"), file="x.csv", today=date(2026, 11, 20))


def _keep(cast: Cast, login: str = "qin") -> int:
    with cast.acting(login, Permission.ROSTER_IMPORT) as tx:
        return keep_upload(tx, find_school(tx.session, "ZX"), "x.csv", "d" * 64, CONTENT).id


def _import(cast: Cast, batch: int, login: str = "qin", rev: int = 1) -> int:
    with cast.acting(login, Permission.ROSTER_IMPORT) as tx:
        return import_upload(tx, batch, rev, _report(), len(PUPILS)).created


def _count(cast: Cast, model: type) -> int:
    with cast.database.session(system_scope("tests")) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_an_upload_opens_for_its_school_and_nobody_else(cast: Cast) -> None:
    batch = _keep(cast)
    with cast.acting("chen", Permission.ROSTER_IMPORT) as tx:
        row = find_batch(tx.session, batch)
        assert open_upload(tx.session, row) == CONTENT
        assert CONTENT.hex().encode() not in (row.content_sealed or b"")
    with pytest.raises(Missing), cast.acting("bai", Permission.ROSTER_IMPORT) as tx:
        find_batch(tx.session, batch)
    with pytest.raises(Denied):
        _keep(cast, "bai")
    assert [event["actor_name"] for event in cast.events("roster.uploaded")] == ["秦素芬"]


def test_an_import_takes_the_content_and_its_key_along(cast: Cast) -> None:
    keys = _count(cast, DataKey)
    assert _import(cast, _keep(cast)) == len(PUPILS)
    assert _count(cast, DataKey) == keys + len(PUPILS)
    with cast.database.session(system_scope("tests")) as session:
        row = session.scalars(select(RosterBatch)).one()
        assert (row.state, row.content_sealed, row.counts["created"]) == ("imported", None, len(PUPILS))
        with pytest.raises(Missing):
            open_upload(session, row)


@pytest.mark.parametrize("then", ["import", "drop", "settle"])
def test_what_is_imported_is_not_touched_again(cast: Cast, then: str) -> None:
    batch = _keep(cast)
    _import(cast, batch)
    with pytest.raises(Refusal) as refused, cast.acting("chen", Permission.ROSTER_IMPORT) as tx:
        if then == "import":
            import_upload(tx, batch, 1, _report(), 1)
        elif then == "drop":
            drop_upload(tx, batch)
        else:
            settle_headings(tx, batch, {"屯名": "child.village"})
    assert refused.value.code == "already_imported"
    assert _count(cast, Child) == len(PUPILS)


def test_two_people_at_once_import_once(cast: Cast) -> None:
    batch, gate = _keep(cast), Barrier(2)
    outcomes: list[object] = []

    def press(login: str) -> None:
        gate.wait()
        try:
            outcomes.append(_import(cast, batch, login))
        except Refusal as refusal:
            outcomes.append(refusal.code)

    threads = [Thread(target=press, args=(login,)) for login in ("qin", "chen")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == [str(len(PUPILS)), "already_imported"]
    assert len(cast.events("roster.imported")) == 1


def test_a_mapping_that_changed_since_the_check_is_not_imported(cast: Cast) -> None:
    batch = _keep(cast)
    with cast.acting("chen", Permission.ROSTER_IMPORT) as tx:
        settle_headings(tx, batch, {"屯名": "child.village"})
    with pytest.raises(Stale):
        _import(cast, batch)
    assert _count(cast, Child) == 0
    assert _import(cast, batch, rev=2) == len(PUPILS)


def test_another_number_than_was_promised_is_not_imported(cast: Cast) -> None:
    batch = _keep(cast)
    with pytest.raises(Stale), cast.acting("qin", Permission.ROSTER_IMPORT) as tx:
        import_upload(tx, batch, 1, _report(), len(PUPILS) + 1)
    assert _count(cast, Child) == 0


def test_children_who_came_on_file_since_the_check_make_it_stale(cast: Cast) -> None:
    one, other = _keep(cast), _keep(cast)
    _import(cast, one)
    with pytest.raises(Stale) as refused:
        _import(cast, other)
    assert refused.value.code == "changed_meanwhile"
    assert _count(cast, Child) == len(PUPILS)
    assert len(cast.events("roster.imported")) == 1


def test_a_choice_is_added_to_those_before_and_a_word_is_taught_only_on_request(cast: Cast) -> None:
    batch = _keep(cast)
    with cast.acting("qin", Permission.ROSTER_IMPORT) as tx:
        settle_headings(tx, batch, {"屯名": "child.note"})
        settle_headings(tx, batch, {"班级": "ignore"})
    with cast.acting("qin", Permission.ROSTER_IMPORT) as tx:
        row = settle_headings(tx, batch, {"屯名": "child.village", "电话#2": "child.home_phone"}, remember=True)
        assert row.mapping == {"屯名": "child.village", "班级": "ignore", "电话#2": "child.home_phone"}
    with cast.database.session(system_scope("tests")) as session:
        assert {word.word: word.field for word in session.scalars(select(HeadingSynonym))} == {"屯名": "child.village"}
    with pytest.raises(Refusal) as refused, cast.acting("qin", Permission.ROSTER_IMPORT) as tx:
        settle_headings(tx, batch, {"屯名": "child.shoe_size"})
    assert refused.value.code == "bad_values"
    assert [len(cast.events(action)) for action in ("roster.mapped", "heading.taught")] == [3, 1]


def test_the_classes_to_be_made_are_those_that_an_import_makes(cast: Cast) -> None:
    rows = _report().accepted
    with cast.database.session(system_scope("tests")) as session:
        school = find_school(session, "ZX")
        assert classes_to_make(session, school, rows, date(2026, 11, 20)) == ["三（1）班"]
    _import(cast, _keep(cast))
    with cast.database.session(system_scope("tests")) as session:
        made = session.scalars(select(Place).where(Place.name == "三（1）班")).one()
        assert made.parent_id == find_school(session, "ZX").id
        assert classes_to_make(session, school, rows, date(2026, 11, 20)) == []


def test_an_upload_that_nobody_finished_goes_with_its_key_and_the_trail_says_so(cast: Cast) -> None:
    keys = _count(cast, DataKey)
    old, young = _keep(cast), _keep(cast, "chen")
    with cast.database.transaction(system_scope("tests")) as session:
        session.get_one(RosterBatch, old).made_at = NOW - timedelta(days=31)
    with cast.system("old uploads") as tx:
        assert drop_old_uploads(tx, NOW - timedelta(days=30)) == 1
    with cast.database.session(system_scope("tests")) as session:
        gone, kept = session.get_one(RosterBatch, old), session.get_one(RosterBatch, young)
        assert (gone.state, gone.content_sealed) == ("dropped", None)
        assert kept.state == "checked"
        assert kept.content_sealed is not None
    assert _count(cast, DataKey) == keys + 1
    told = cast.events("roster.dropped")
    assert [(event["actor_name"], event["facts"]["cause"], event["place"]["school"]) for event in told] == [
        ("old uploads", "age", "ZX")
    ]


def test_what_was_imported_long_ago_stays(cast: Cast) -> None:
    batch = _keep(cast)
    _import(cast, batch)
    with cast.system("old uploads") as tx:
        assert drop_old_uploads(tx, NOW + timedelta(days=400)) == 0
    with cast.database.session(system_scope("tests")) as session:
        assert session.get_one(RosterBatch, batch).state == "imported"


def test_only_who_may_import_forgets_old_uploads(cast: Cast) -> None:
    with pytest.raises(Denied), cast.acting("zhou", Permission.ROSTER_IMPORT) as tx:
        drop_old_uploads(tx, NOW)
