"""The outbox is emptied: whom the bell tells, what goes outside, once each, again after a fault, and never for ever."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from models.case import Case
from models.channel import Channel
from models.notice import Notice
from models.outbox import OutboxMessage
from models.scope import system_scope
from models.staff import Staff
from models.task import CaseWatch
from models.types import new_id
from models.vault import DataKey
from tests.cast import NOW, Cast
from tests.posting import Post, channel, wants
from workflows.operations.case import Request, act_on_case
from workflows.outbox import send as send_module
from workflows.outbox.claim import BURST, PER_MINUTE, claim
from workflows.outbox.delay import FIRST_DELAY, LEASE, LONGEST_DELAY, MOST_TRIES, delay_after
from workflows.outbox.letter import Letter
from workflows.outbox.outside import Account, Outside, Undelivered
from workflows.outbox.send import send_due, sweep
from workflows.policy import Permission

TOLD_AT, LATER = NOW + timedelta(seconds=20), NOW + timedelta(minutes=1)
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


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> Post:
    """Every channel leads here instead of to the network."""
    seen = Post()
    monkeypatch.setattr(send_module, "SENDERS", dict.fromkeys(("mail", "webhook", "wecom", "dingtalk"), seen))
    return seen


def moved(cast: Cast, login: str = "zhou") -> str:
    """Open a case, empty the outbox of it, and hand the case in; returns its number."""
    number = cast.open_case(cast.add_child("ZX-2302"))
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(delete(OutboxMessage))
    tell(cast, number)
    return number


def tell(cast: Cast, number: str, topic: str = "case.moved", recipient: str = "", **payload: Any) -> None:
    """Put a message about a case into the outbox as operations do."""
    with cast.system(at=TOLD_AT) as tx:
        tx.send(topic, "inbox", recipient or f"case:{number}", {"case": number, **payload})


def rows(cast: Cast) -> list[OutboxMessage]:
    """Return every message, oldest first."""
    with cast.database.session(system_scope("tests")) as session:
        return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def told(cast: Cast) -> list[tuple[str, str]]:
    """Return who has which unread notice."""
    with cast.database.session(system_scope("tests")) as session:
        found = session.execute(select(Staff.login, Notice.topic).join(Notice, Notice.staff_id == Staff.id))
        return sorted((login, topic) for login, topic in found)


# The bell


def test_the_bell_tells_who_is_asked_next_the_opener_and_who_watches(cast: Cast, posted: Post) -> None:
    number = moved(cast)
    with cast.system() as tx:
        case = tx.session.scalars(select(Case).where(Case.number == number)).one()
        watch = CaseWatch(id=new_id(), case_id=case.id, child_id=case.child_id, made_by=cast["tan"].staff_id,
                          made_by_name="覃明远", made_at=NOW, made_at_school="ZX")  # fmt: skip
        watch.place_at(case.level_codes)
        tx.session.add(watch)
    assert send_due(cast.database, LATER) == 1
    assert told(cast) == [("qin", "case.moved"), ("tan", "case.moved"), ("zhou", "case.moved")]
    assert send_due(cast.database, LATER) == 0
    assert len(told(cast)) == 3
    assert posted.sent == []


def test_nobody_is_told_what_they_did_themselves(cast: Cast) -> None:
    number = cast.open_case(cast.add_child("ZX-2302"))
    with cast.acting("zhou", Permission.CASE_ACT, at=LATER) as tx:
        act_on_case(tx, number, Request("complete", answers=FILE))
    send_due(cast.database, LATER)
    assert ("zhou", "case.moved") not in told(cast)
    assert ("qin", "case.moved") in told(cast)


def test_what_was_not_read_yet_is_replaced_and_what_was_read_stays(cast: Cast) -> None:
    number = moved(cast)
    send_due(cast.database, LATER)
    tell(cast, number)
    send_due(cast.database, LATER)
    assert told(cast) == [("qin", "case.moved"), ("zhou", "case.moved")]
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(update(Notice).values(read_at=NOW))
    tell(cast, number)
    send_due(cast.database, LATER)
    assert len(told(cast)) == 4


def test_a_message_may_name_who_is_told_and_who_may_not_read_the_case_is_left_out(cast: Cast) -> None:
    number = moved(cast)
    send_due(cast.database, LATER)
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(delete(Notice))
    people = [cast[login].staff_id for login in ("meng", "bai", "sys", "nobody", "meng")]
    tell(cast, number, "case.urged", staff=people)
    tell(cast, number, "case.part_left", recipient=f"staff:{cast['qin'].staff_id}")
    tell(cast, number, "case.part_left", recipient=f"staff:{cast['bai'].staff_id}")
    tell(cast, "JD-2026-9999")
    send_due(cast.database, LATER)
    assert told(cast) == [("meng", "case.urged"), ("qin", "case.part_left")]


def test_a_place_is_told_by_its_office(cast: Cast) -> None:
    with cast.system() as tx:
        tx.send("wave.opened", "inbox", "place:ZX", {"opened": 7})
        tx.send("wave.opened", "inbox", "place:NONE", {"opened": 7})
    send_due(cast.database, LATER)
    assert told(cast) == [("qin", "wave.opened")]


def test_old_news_rings_no_bell(cast: Cast) -> None:
    moved(cast)
    assert send_due(cast.database, NOW + timedelta(days=15)) == 1
    assert told(cast) == []


def test_a_message_that_cannot_be_spread_holds_up_nobody_and_is_given_up_in_the_end(cast: Cast) -> None:
    number = moved(cast)
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(delete(OutboxMessage))
    tell(cast, number, recipient="staff:nonsense")
    tell(cast, number)
    now = LATER
    send_due(cast.database, now)
    assert len(told(cast)) == 2, "the one behind it was told"
    for _again in range(MOST_TRIES):
        now += LONGEST_DELAY * 2
        send_due(cast.database, now)
    broken = rows(cast)[0]
    assert (broken.tries, broken.failure, broken.given_up_at is None) == (MOST_TRIES, "cannot_spread", False)


# Outside


def test_mail_goes_at_once_to_those_who_want_it_and_have_an_address(cast: Cast, posted: Post) -> None:
    channel(cast, "mail")
    wants(cast, "zhou")
    wants(cast, "qin", "daily")
    number = moved(cast)
    send_due(cast.database, LATER, Outside(site="https://site.example.org"))
    [(kind, letter)] = posted.sent
    assert (kind, letter.to, letter.link) == (
        "mail",
        "x@school.example.org",
        f"https://site.example.org/cases/{number}",
    )
    assert letter.title == f"事项进展：{number}"
    assert "林" not in f"{letter.title}{letter.lines}{letter.facts}", "no child's name leaves the house"


def test_the_nearest_mail_server_of_the_persons_own_places_writes(cast: Cast, posted: Post) -> None:
    for place in ("QZ", "ZX", "BX"):
        channel(cast, "mail", place, host=f"{place.lower()}.example.org")
    wants(cast, "zhou")
    moved(cast)
    send_due(cast.database, LATER)
    [row] = [row for row in rows(cast) if row.channel == "mail"]
    with cast.database.session(system_scope("tests")) as session:
        assert session.get_one(Channel, row.channel_id).host == "zx.example.org"


def test_channels_tell_what_happens_at_their_place_and_below_only(cast: Cast, posted: Post) -> None:
    for place in ("QZ", "BX", "ZX-2302", "ZX-2301"):
        channel(cast, "webhook", place)
    channel(cast, "wecom", "ZX", is_on=False)
    channel(cast, "dingtalk", "ZX", topics=["wave.opened"])
    moved(cast)
    send_due(cast.database, LATER)
    with cast.database.session(system_scope("tests")) as session:
        sent = {session.get_one(Channel, row.channel_id).school_code for row in rows(cast) if row.channel != "inbox"}
        count = len([row for row in rows(cast) if row.channel != "inbox"])
    assert (sent, count, len(posted.sent)) == ({"-", "ZX"}, 2, 2)


def test_a_closed_circle_is_not_told_to_groups_and_its_mail_names_no_workflow(cast: Cast, posted: Post) -> None:
    for kind in ("mail", "webhook", "wecom"):
        channel(cast, kind)
    wants(cast, "zhou")
    number = moved(cast)
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(update(Case).where(Case.number == number).values(circle="individual_plan"))
    send_due(cast.database, LATER)
    assert posted.sent == [], "a class teacher is outside the circle"
    wants(cast, "tan")
    tell(cast, number, staff=[cast["tan"].staff_id])
    send_due(cast.database, LATER)
    [(kind, letter)] = posted.sent
    assert (kind, letter.lines) == ("mail", ("事项已到新的环节", f"案号：{number}"))


def test_who_lost_access_or_address_before_it_was_sent_is_not_written_to(cast: Cast, posted: Post) -> None:
    channel(cast, "mail")
    for login in ("zhou", "qin"):
        wants(cast, login)
    posted.refuse = lambda letter: "timeout"
    moved(cast)
    send_due(cast.database, LATER)
    assert len([row for row in rows(cast) if row.failure == "timeout"]) == 2
    posted.refuse = lambda letter: None
    wants(cast, "zhou", email=None)
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(update(Staff).where(Staff.login == "qin").values(is_active=False))
    send_due(cast.database, LATER + timedelta(hours=1))
    assert posted.sent == []
    assert [row.channel for row in rows(cast)] == ["inbox"]


def test_a_fault_is_tried_again_with_the_same_key_later_and_later_and_given_up_in_the_end(
    cast: Cast, posted: Post
) -> None:
    channel(cast, "webhook")
    keys: list[str] = []

    def refuse(letter: Letter) -> str:
        keys.append(letter.key)
        return "http_500"

    posted.refuse = refuse
    moved(cast)
    now, waited = LATER, []
    send_due(cast.database, now)
    while (row := rows(cast)[-1]).given_up_at is None:
        assert send_due(cast.database, row.due_at - timedelta(seconds=1)) == 0
        waited.append((row.due_at - now).total_seconds())
        now = row.due_at
        send_due(cast.database, now)
    assert len(keys) == MOST_TRIES == row.tries
    assert set(keys) == {str(row.id)}
    assert row.failure == "http_500"
    assert waited == sorted(waited) or max(waited) <= LONGEST_DELAY.total_seconds() * 1.2
    assert send_due(cast.database, now + timedelta(days=3)) == 0, "what was given up is not tried again"


def test_delays_grow_and_never_fall_together() -> None:
    drawn = {delay_after(1) for _ in range(50)}
    assert len(drawn) > 10
    assert all(FIRST_DELAY * 0.8 <= one <= FIRST_DELAY * 1.2 for one in drawn)
    assert all(delay_after(20) <= LONGEST_DELAY * 1.2 for _ in range(20))


def test_what_the_other_side_refuses_for_good_is_not_tried_again(cast: Cast, posted: Post) -> None:
    channel(cast, "mail")
    wants(cast, "zhou")
    posted.refuse, posted.final = (lambda letter: "smtp_550"), True
    moved(cast)
    send_due(cast.database, LATER)
    assert [(row.failure, row.given_up_at, row.tries) for row in rows(cast)][1] == ("smtp_550", LATER, 1)


def test_a_poisoned_letter_and_a_dead_channel_hold_up_nobody(cast: Cast, posted: Post) -> None:
    dead, alive = channel(cast, "webhook"), channel(cast, "webhook", "LX")
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(delete(DataKey).where(DataKey.id == dead))
    poisoned = moved(cast)
    whole = [moved_more(cast) for _ in range(3)]

    def refuse(letter: Letter) -> None:
        if letter.facts.get("case") == poisoned:
            raise RuntimeError("no sender can cope with this")

    posted.refuse = refuse
    send_due(cast.database, LATER)
    assert [letter.facts["case"] for _kind, letter in posted.sent] == whole
    by_channel = {(row.channel_id, row.failure) for row in rows(cast) if row.channel_id is not None}
    assert (alive, "cannot_send") in by_channel
    assert all(row.sent_at is None for row in rows(cast) if row.channel_id == dead)


def moved_more(cast: Cast) -> str:
    """Tell of one more case."""
    number = cast.open_case(cast.add_child("ZX-2302"))
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(delete(OutboxMessage).where(OutboxMessage.topic == "case.opened"))
    tell(cast, number)
    return number


def test_a_dead_server_is_left_after_a_few_tries_and_the_rest_waits_unharmed(cast: Cast, posted: Post) -> None:
    channel(cast, "webhook")
    moved(cast)
    for _more in range(6):
        moved_more(cast)
    tried: list[str] = []

    def refuse(letter: Letter) -> str:
        tried.append(letter.key)
        return "timeout"

    posted.refuse = refuse
    send_due(cast.database, LATER)
    assert len(tried) == 3
    waiting = [row for row in rows(cast) if row.channel_id is not None and row.failure is None]
    assert [(row.tries, row.leased_by) for row in waiting] == [(0, None)] * 4


# Robots


def test_a_robot_says_no_more_than_twenty_in_any_minute_and_puts_the_rest_into_a_digest(
    cast: Cast, posted: Post
) -> None:
    channel(cast, "wecom")
    moved(cast)
    for _more in range(4):
        moved_more(cast)
    send_due(cast.database, LATER)
    assert len(posted.sent) == 5
    for _more in range(9):
        moved_more(cast)
    send_due(cast.database, LATER)
    assert len(posted.sent) == 6, "nine more in one letter"
    digest = posted.sent[-1][1]
    assert digest.title == "9 条消息"
    assert len(digest.lines) == 9
    assert all(row.sent_at is not None for row in rows(cast))
    assert BURST + PER_MINUTE <= 20


def test_a_robot_that_has_said_enough_waits_and_a_clock_set_back_does_not_silence_it(cast: Cast, posted: Post) -> None:
    number = channel(cast, "dingtalk", allowance=0.4, allowance_at=LATER)
    moved(cast)
    send_due(cast.database, LATER)
    assert posted.sent == []
    send_due(cast.database, LATER + timedelta(seconds=6))
    assert len(posted.sent) == 1
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(update(Channel).where(Channel.id == number).values(allowance=1, allowance_at=LATER))
    moved_more(cast)
    send_due(cast.database, LATER - timedelta(seconds=1))
    assert len(posted.sent) == 2


# Several workers, and workers that die


def test_two_workers_at_once_send_each_message_once(cast: Cast, posted: Post) -> None:
    channel(cast, "webhook")
    moved(cast)
    for _more in range(11):
        moved_more(cast)
    faults: list[BaseException] = []

    def work() -> None:
        try:
            for _round in range(3):
                send_due(cast.database, LATER)
        except BaseException as fault:
            faults.append(fault)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    send_due(cast.database, LATER)
    assert faults == []
    keys = [letter.key for _kind, letter in posted.sent]
    assert (len(keys), len(set(keys))) == (12, 12)
    assert len(told(cast)) == 24, "a class teacher and the office for each of twelve cases"


def test_a_worker_that_dies_after_sending_leads_to_the_same_message_with_the_same_key(
    cast: Cast, posted: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel(cast, "webhook")
    moved(cast)

    def die(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(send_module, "_note", die)
        with pytest.raises(KeyboardInterrupt):
            send_due(cast.database, LATER)
    assert send_due(cast.database, LATER + timedelta(minutes=1)) == 0, "the lease still holds"
    # A minute more: the lease counts from when the message was taken, however slow the machine was until then.
    assert send_due(cast.database, LATER + LEASE + timedelta(minutes=1)) == 1
    first, second = (letter.key for _kind, letter in posted.sent)
    assert first == second


def test_a_lease_that_ran_out_marks_nothing_of_the_next_holder(cast: Cast, posted: Post) -> None:
    number = channel(cast, "webhook")
    moved(cast)
    send_module.spread(cast.database, LATER)
    late = claim(cast.database, number, LATER, Outside())
    assert late is not None
    assert claim(cast.database, number, LATER, Outside()) is not None, "nothing left to claim"
    taken = claim(cast.database, number, LATER + LEASE, Outside())
    assert taken is not None
    assert taken.parcels[0].messages == late.parcels[0].messages
    assert send_module._note(cast.database, late, late.parcels[0], LATER + LEASE, Undelivered("timeout")) == 0
    assert rows(cast)[-1].leased_by == taken.token
    assert send_module._note(cast.database, taken, taken.parcels[0], LATER + LEASE, None) == 1


def test_a_message_whose_worker_dies_each_time_is_given_up(cast: Cast, posted: Post) -> None:
    number = channel(cast, "webhook")
    moved(cast)
    send_module.spread(cast.database, LATER)
    now = LATER
    for _death in range(MOST_TRIES):
        assert claim(cast.database, number, now, Outside()) is not None
        now += LEASE
    send_due(cast.database, now)
    assert (rows(cast)[-1].failure, rows(cast)[-1].given_up_at, posted.sent) == ("never_ended", now, [])


def test_a_clock_set_back_a_day_delays_nothing(cast: Cast, posted: Post) -> None:
    number = channel(cast, "webhook")
    moved(cast)
    send_module.spread(cast.database, LATER)
    claim(cast.database, number, LATER, Outside())
    assert send_due(cast.database, LATER - timedelta(days=1)) == 1
    assert len(posted.sent) == 1


def test_sent_messages_and_read_notices_are_dropped_after_their_time(cast: Cast, posted: Post) -> None:
    channel(cast, "webhook")
    moved(cast)
    send_due(cast.database, LATER)
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(update(Notice).where(Notice.staff_id == cast["zhou"].staff_id).values(read_at=LATER))
    kept = timedelta(days=30)
    assert sweep(cast.database, LATER + timedelta(days=29), kept) == 0
    assert sweep(cast.database, LATER + timedelta(days=31), kept) == 3
    assert told(cast) == [("qin", "case.moved")], "what nobody read stays longer"
    assert sweep(cast.database, LATER + timedelta(days=91), kept) == 1


def test_neither_address_nor_secret_stands_in_the_log_or_the_failure(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    channel(cast, "webhook", url="https://hidden-host.example.org/token-9", secret="sesame-9")
    moved(cast)

    def fault(account: Account, *_: object) -> None:
        raise RuntimeError(f"{account.url} {account.secret}")

    monkeypatch.setattr(send_module, "SENDERS", {"webhook": fault})
    with caplog.at_level(0):
        send_due(cast.database, LATER)
    said = caplog.text + "".join(str(row.failure) + str(row.payload) for row in rows(cast))
    assert "cannot send" in said
    assert "token-9" not in said
    assert "sesame-9" not in said
