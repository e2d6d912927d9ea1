"""Logging in and out, passwords and sessions of people's own accounts."""

from __future__ import annotations

import hashlib
import secrets
import threading
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.staff import LoginFailures, LoginSession, Staff
from models.types import new_id
from models.vault import vault_of
from workflows.audit import Change, Happening
from workflows.first_password import hash_password
from workflows.operations.unfinished_file import drop_old_files
from workflows.people import actor_of
from workflows.refusal import Missing, Refusal
from workflows.text import Text, text
from workflows.transaction import Transaction

IDLE = timedelta(minutes=30)
SEEN_EVERY = timedelta(minutes=1)
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
SHORTEST_TOLD_LOGIN = 4  # shorter ones occur in words by chance
ACCOUNT_TRIES = 5
ADDRESS_TRIES = 200  # a whole school sits behind one address
FIRST_LOCK = timedelta(minutes=1)
LONGEST_LOCK = timedelta(hours=1)
QUIET_ACCOUNT = timedelta(days=1)  # without a failure for so long, earlier ones are forgotten
QUIET_ADDRESS = timedelta(hours=1)
# Verified in place of an account's digest where there is no account, so that both answers take the same time;
# what it is the digest of was thrown away.
NO_ACCOUNT = "$argon2id$v=19$m=65536,t=3,p=4$NQZGWoPgdmLg86vkKwWUOA$Ut6mesIHr1hGgjTwWeRo+/nXxicxDyXg4JnjkylpvAU"
COMMON_PASSWORDS = Path(__file__).resolve().parents[1] / "packs" / "standard" / "common_passwords.txt"
_AT_ONCE = threading.BoundedSemaphore(2)  # each check takes 64 MiB, and more at once than cores gain nothing


@dataclass(frozen=True)
class Login:
    """What a log-in gave: a token for the browser, or the reason for none."""

    token: str | None
    staff_id: int | None
    refusal: Text | None = None


def token_digest(token: str) -> bytes:
    """Return what the database keeps instead of a session's token."""
    return hashlib.sha256(token.encode()).digest()


@dataclass(frozen=True)
class Proof:
    """Whether a password fits an account, and the digest it was held against."""

    digest: str | None
    is_right: bool


def prove(session: Session, login: str, password: str) -> Proof:
    """Hold a password against an account's digest; takes as long for an account that does not exist.

    It is slow by design, so that it stands outside the transaction, which would keep all other writers waiting.
    """
    digest = session.scalar(select(Staff.password_hash).where(Staff.login == login.casefold()))
    fits = _verify(digest or NO_ACCOUNT, password)
    return Proof(digest, fits and digest is not None)


def log_in(tx: Transaction, login: str, password: str, agent: str, *, proof: Proof | None = None) -> Login:
    """Begin a session for a right password; failures are counted and recorded, never raised, so that they commit.

    An account waits after five failures, whether it exists or not, longer each time; an address after very many.
    """
    login = login.casefold()
    proof = proof or prove(tx.session, login, password)
    account, address = _failures(tx, login)
    staff = tx.session.scalars(select(Staff).where(Staff.login == login)).one_or_none()
    if any(row.locked_until is not None and row.locked_until > tx.now for row in (account, address)):
        return _refused(tx, staff, "locked", text("尝试次数太多，请稍后再试"))
    if staff is None or not proof.is_right or staff.password_hash != proof.digest:
        _count(tx, account, ACCOUNT_TRIES, LONGEST_LOCK)
        _count(tx, address, ADDRESS_TRIES, FIRST_LOCK)
        return _refused(tx, staff, "wrong", text("账号或密码不对"))
    if not staff.is_active:
        return _refused(tx, staff, "inactive", text("账号还没有启用，请联系安全管理员"))
    tx.session.delete(account)
    drop_old_files(tx)  # nobody may come after who has a form refused
    token = _begin_session(tx, staff, agent)
    tx.actor = actor_of(tx.session, staff, tx.today)
    tx.tell(Happening("account.logged_in", "staff", staff.id, codes=staff.level_codes))
    return Login(token, staff.id)


def _begin_session(tx: Transaction, staff: Staff, agent: str) -> str:
    token = secrets.token_urlsafe(32)
    tx.session.add(
        LoginSession(
            id=new_id(),
            token_digest=token_digest(token),
            staff_id=staff.id,
            began_at=tx.now,
            seen_at=tx.now,
            address=tx.origin.address[:60],
            agent=agent[:200],
        )
    )
    return token


def _failures(tx: Transaction, login: str) -> tuple[LoginFailures, LoginFailures]:
    """Return the counts of the account and of the address, held until the transaction ends, stale ones emptied."""
    index = vault_of(tx.session).keystore.blind_index
    quiet = {index("login", login): QUIET_ACCOUNT, index("address", tx.origin.address): QUIET_ADDRESS}
    # Guesses sent at once must wait for each other here; taken in one order, they cannot wait in a circle.
    held = {key: _held(tx, key) for key in sorted(quiet)}
    for key, row in held.items():
        if tx.now - row.last_at > quiet[key]:
            row.count, row.locked_until = 0, None
    account, address = (held[key] for key in quiet)
    return account, address


def _held(tx: Transaction, key: bytes) -> LoginFailures:
    wanted = select(LoginFailures).where(LoginFailures.key == key).with_for_update()
    found = tx.session.scalars(wanted).one_or_none()
    if found is not None:
        return found
    try:
        with tx.session.begin_nested():
            tx.session.add(made := LoginFailures(key=key, count=0, last_at=tx.now))
        return made
    except IntegrityError:  # another log-in made the row in this moment
        return tx.session.scalars(wanted).one()


def _count(tx: Transaction, row: LoginFailures, tries: int, longest: timedelta) -> None:
    row.count += 1
    row.last_at = tx.now
    if row.count >= tries:
        row.locked_until = tx.now + min(FIRST_LOCK * 2 ** min(row.count - tries, 10), longest)


def _refused(tx: Transaction, staff: Staff | None, code: str, refusal: Text) -> Login:
    number, codes = (staff.id, staff.level_codes) if staff else (None, None)
    tx.tell(Happening("account.login_refused", "staff", number, codes=codes, facts={"code": code}, outcome="refused"))
    return Login(None, None, refusal)


def _verify(stored: str, password: str) -> bool:
    try:
        with _AT_ONCE:
            return PasswordHasher().verify(stored, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False


def log_out(tx: Transaction, session_id: int) -> None:
    """End the session of this browser."""
    end_session(tx, session_id, "account.logged_out")


def end_session(tx: Transaction, session_id: int, action: str = "session.ended") -> None:
    """End one of the person's own sessions; raises Missing for another person's."""
    row = tx.session.get(LoginSession, session_id)
    if row is None or row.staff_id != tx.actor.staff_id:
        raise Missing("no_session", text("没有这个会话"))
    row.ended_at = row.ended_at or tx.now
    tx.tell(Happening(action, "staff", row.staff_id, codes=_own(tx).level_codes))


def end_other_sessions(tx: Transaction, kept: int) -> int:
    """End all of the person's sessions but one; returns how many there were."""
    ended = tx.session.execute(
        update(LoginSession)
        .where(LoginSession.staff_id == tx.actor.staff_id, LoginSession.id != kept, LoginSession.ended_at.is_(None))
        .values(ended_at=tx.now)
    )
    count: int = ended.rowcount  # type: ignore[attr-defined]
    tx.tell(Happening("session.ended", "staff", tx.actor.staff_id, codes=_own(tx).level_codes, facts={"count": count}))
    return count


def touch_session(tx: Transaction, session_id: int) -> None:
    """Note that the session is in use."""
    row = tx.session.get(LoginSession, session_id)
    if row is not None:
        row.seen_at = tx.now


def change_password(tx: Transaction, current: str | None, new: str, *, kept_session: int | None = None) -> None:
    """Set the person's own password; `current` is checked unless the first one is being replaced.

    Ends every other session. Raises Refusal with the field at fault.
    """
    staff = _own(tx)
    if not staff.must_change_password and not _verify(staff.password_hash or NO_ACCOUNT, current or ""):
        raise Refusal("wrong_password", text("当前密码不对"), {"current": text("当前密码不对")})
    fault = password_fault(new, staff)
    if fault is not None:
        raise Refusal("weak_password", fault, {"new": fault})
    if staff.password_hash and _verify(staff.password_hash, new):
        same = text("新密码不能与现在的相同")
        raise Refusal("weak_password", same, {"new": same})
    staff.password_hash = hash_password(new)
    staff.must_change_password = False
    if kept_session is not None:
        end_other_sessions(tx, kept_session)
    tx.tell(Happening("account.password_changed", "staff", staff.id, codes=staff.level_codes))


def password_fault(password: str, staff: Staff) -> Text | None:
    """Return why a password is too weak, None when it will do."""
    if len(password) < SHORTEST_PASSWORD:
        return text("密码至少 {least} 个字符", least=SHORTEST_PASSWORD)
    if len(password) > LONGEST_PASSWORD:
        return text("密码最多 {most} 个字符", most=LONGEST_PASSWORD)
    plain = password.casefold()
    if plain in common_passwords() or len(set(plain)) < 4:
        return text("这个密码太常见，容易被猜到")
    login = staff.login.casefold()
    if (len(login) >= SHORTEST_TOLD_LOGIN and login in plain) or staff.name in password:
        return text("密码里不要带账号或姓名")
    return None


@cache
def common_passwords() -> frozenset[str]:
    """Return the passwords that are tried first by those who guess."""
    return frozenset(line for line in COMMON_PASSWORDS.read_text(encoding="utf-8").splitlines() if line)


def change_preferences(tx: Transaction, language: str, theme: str, size: str) -> None:
    """Set the person's own language (zh, en), theme (auto, light, dark) and text size (normal, large)."""
    staff = _own(tx)
    wanted = {
        "language": (language, ("zh", "en")),
        "theme": (theme, ("auto", "light", "dark")),
        "text_size": (size, ("normal", "large")),
    }
    for value, allowed in wanted.values():
        if value not in allowed:
            raise Refusal("unknown_choice", text("“{written}”不在可选范围内", written=value[:30]))
    chosen = {key: value for key, (value, _) in wanted.items() if getattr(staff, key) != value}
    changes = tuple(Change(key, "P0", getattr(staff, key), value) for key, value in chosen.items())
    for key, value in chosen.items():
        setattr(staff, key, value)
    if changes:
        tx.tell(Happening("account.preferences_changed", "staff", staff.id, codes=staff.level_codes, changes=changes))


def _own(tx: Transaction) -> Staff:
    staff = tx.session.get(Staff, tx.actor.staff_id) if tx.actor.staff_id is not None else None
    if staff is None:
        raise Missing("no_account", text("没有这个账号"))
    return staff
