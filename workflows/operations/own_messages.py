"""How a person wants to be told: their own e-mail address, and at once, once a day or never."""

from __future__ import annotations

from models.staff import Staff
from models.vault import learn_keys
from workflows.audit import Happening
from workflows.fields import STAFF, put
from workflows.mask import masked
from workflows.reading import read
from workflows.refusal import Missing
from workflows.text import text
from workflows.transaction import Transaction

ASKED = {key: STAFF[key] for key in ("email", "told")}


def change_own_messages(tx: Transaction, email: str, told: str) -> None:
    """Set the person's own address (left as it is shown, masked, it stays) and when they are told.

    Raises Refusal `bad_values`.
    """
    staff = tx.session.get(Staff, tx.actor.staff_id, with_for_update=True) if tx.actor.staff_id is not None else None
    if staff is None:
        raise Missing("no_account", text("没有这个账号"))
    learn_keys(tx.session, [staff.id])
    written = {"told": told} | ({} if email == masked(STAFF["email"], staff.email) else {"email": email})
    changes = put(staff, STAFF, read(Staff, ASKED, written, today=tx.today))
    tx.session.flush()
    if changes:
        codes = staff.level_codes
        told_of = Happening("account.messages_changed", "staff", staff.id, codes, owner=staff.id, changes=changes)
        tx.tell(told_of)
