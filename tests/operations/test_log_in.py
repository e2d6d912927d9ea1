"""Guessing passwords: counted once each on both databases, however they come, and forgotten in time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from models.scope import system_scope
from models.staff import LoginFailures, LoginSession, Staff
from tests.cast import NOW, PASSWORD, POLICY, Cast
from workflows.actor import Actor
from workflows.operations import account
from workflows.operations.account import ACCOUNT_TRIES, ADDRESS_TRIES, FIRST_LOCK, Login, token_digest
from workflows.transaction import Origin, transaction

SCOPE = system_scope("log-in")
WRONG = account.Proof("no such digest", False)  # spares the slow check where its outcome is known


def _try(
    cast: Cast,
    login: str,
    password: str = "",
    *,
    at: datetime = NOW,
    address: str = "192.0.2.7",
    proof: account.Proof | None = None,
) -> Login:
    origin = Origin("test-request", address)
    with transaction(cast.database, Actor(None, ""), POLICY, SCOPE, origin=origin, clock=lambda: at) as tx:
        return account.log_in(tx, login, password, "test", proof=proof)


def _code(found: Login) -> str | None:
    return None if found.refusal is None else found.refusal.msgid


def test_a_right_password_begins_a_session_whose_token_is_not_kept(cast: Cast) -> None:
    found = _try(cast, "Qin", PASSWORD)  # the account's name in whatever case
    assert found.token is not None
    with cast.database.session(SCOPE) as session:
        row = session.scalars(select(LoginSession)).one()
        assert (row.token_digest, row.staff_id) == (token_digest(found.token), cast["qin"].staff_id)
        assert (row.began_at, row.ended_at, row.address) == (NOW, None, "192.0.2.7")
    assert [(e["action"], e["outcome"], e["subject_id"]) for e in cast.events()] == [
        ("account.logged_in", "done", cast["qin"].staff_id)
    ]


@pytest.mark.parametrize("login", ["qin", "no-such-person"])
def test_guesses_sent_at_once_are_each_counted(cast: Cast, login: str) -> None:
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda _: _code(_try(cast, login, proof=WRONG)), range(16)))
    assert answers.count("账号或密码不对") == ACCOUNT_TRIES
    assert answers.count("尝试次数太多，请稍后再试") == 16 - ACCOUNT_TRIES


def test_a_right_guess_counts_for_nothing_while_the_account_waits(cast: Cast) -> None:
    for _ in range(ACCOUNT_TRIES):
        _try(cast, "qin", proof=WRONG)
    assert _try(cast, "qin", PASSWORD).token is None
    assert _try(cast, "qin", PASSWORD, at=NOW + FIRST_LOCK + timedelta(seconds=1)).token is not None


def test_a_password_that_was_changed_in_between_does_not_log_in(cast: Cast) -> None:
    with cast.database.session(SCOPE) as session:
        proof = account.prove(session, "qin", PASSWORD)
    assert proof.is_right
    with cast.database.transaction(SCOPE) as session:
        session.scalars(select(Staff).where(Staff.login == "qin")).one().password_hash = "another"
    assert _try(cast, "qin", proof=proof).token is None


def test_a_right_password_forgets_the_failures_of_the_account(cast: Cast) -> None:
    for _ in range(ACCOUNT_TRIES - 1):
        _try(cast, "qin", proof=WRONG)
    assert _try(cast, "qin", PASSWORD).token is not None
    for _ in range(ACCOUNT_TRIES - 1):
        _try(cast, "qin", proof=WRONG)
    assert _try(cast, "qin", PASSWORD).token is not None


def test_failures_of_other_days_are_forgotten(sqlite_cast: Cast) -> None:
    for day in range(ACCOUNT_TRIES + 1):
        at = NOW + timedelta(days=2 * day)
        assert _code(_try(sqlite_cast, "qin", proof=WRONG, at=at)) == "账号或密码不对"


def test_an_address_waits_a_minute_after_very_many_failures_and_is_trusted_again(sqlite_cast: Cast) -> None:
    for number in range(ADDRESS_TRIES):
        _try(sqlite_cast, f"guess-{number}", proof=WRONG)
    assert _code(_try(sqlite_cast, "qin", PASSWORD)) == "尝试次数太多，请稍后再试"
    assert _try(sqlite_cast, "qin", PASSWORD, address="192.0.2.8").token is not None
    later = NOW + FIRST_LOCK + timedelta(seconds=1)
    assert _try(sqlite_cast, "qin", PASSWORD, at=later).token is not None
    _try(sqlite_cast, "zhou", proof=WRONG, at=later)
    assert _try(sqlite_cast, "zhou", PASSWORD, at=later).token is None
    assert _try(sqlite_cast, "zhou", PASSWORD, at=later + FIRST_LOCK + timedelta(seconds=1)).token is not None


def test_the_counts_name_neither_accounts_nor_addresses(sqlite_cast: Cast) -> None:
    _try(sqlite_cast, "qin", proof=WRONG)
    with sqlite_cast.database.session(SCOPE) as session:
        keys = session.scalars(select(LoginFailures.key)).all()
    assert len(keys) == 2
    assert all(len(key) == 32 and b"qin" not in key and b"192" not in key for key in keys)
