"""Puts on record that children's contact cards are printed with clear numbers, and why."""

from __future__ import annotations

from collections.abc import Sequence

from models.child import Child
from models.vault import learn_keys
from workflows.audit import Happening
from workflows.fields import visible
from workflows.operations.child import LONGEST_REASON, SHORTEST_REASON
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal
from workflows.text import text
from workflows.transaction import Transaction
from workflows.values import as_text

CARD = "contact_card"


def reveal_cards(tx: Transaction, child_ids: Sequence[int], reason: str) -> None:
    """Put on record, for each child, who prints the contact card with clear numbers and addresses, and why.

    The numbers on one card are one reveal: an event for each child, all under the one reason. Raises Refusal
    `reason_missing`, Missing for a child that is not there, Denied where numbers of one of them may not be seen;
    then nothing is revealed.
    """
    why = as_text(reason)
    if len(why) < SHORTEST_REASON:
        message = text("请写明查看的理由")
        raise Refusal("reason_missing", message, {"reason": message})
    learn_keys(tx.session, list(child_ids))
    for number in child_ids:
        child = tx.session.get(Child, number)
        if child is None:
            raise Missing("not_found", text("没有这条记录"))
        tx.require(Permission.CHILD_REVEAL, child.level_codes)
        if not visible("P2", tx.policy.sees(tx.actor, child.level_codes)):
            raise Denied("not_permitted", text("这一项不能查看"))
        tx.tell(
            Happening(
                "child.revealed",
                "child",
                child.id,
                child.level_codes,
                child.id,
                owner=child.id,
                reason=why[:LONGEST_REASON],
                facts={"field": CARD, "class": "P2", "cards": len(child_ids)},
            )
        )
