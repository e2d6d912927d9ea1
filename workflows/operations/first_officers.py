"""The first accounts of an installation: a system officer and a security officer, so that neither is stuck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.place import Place
from models.scope import LEVELS, NO_PLACE
from models.search import name_key
from models.staff import Appointment, Staff
from models.types import new_id
from models.vault import vault_of
from workflows.audit import Happening
from workflows.first_password import hash_password
from workflows.operations.account import password_fault
from workflows.refusal import Refusal
from workflows.transaction import Transaction

TOP_CODE = "TOP"


@dataclass(frozen=True)
class FirstOfficer:
    """An account to make: role, log-in, name and password."""

    role: str
    login: str
    name: str
    password: str


def make_first_officers(tx: Transaction, top_name: str, officers: Sequence[FirstOfficer]) -> None:
    """Make the top of the organisation and its officers, active at once; raises Refusal for a weak password."""
    top = Place(id=new_id(), code=TOP_CODE, kind="city", name=top_name)
    top.place_at(dict.fromkeys(LEVELS, NO_PLACE) | {"city": TOP_CODE})
    tx.session.add(top)
    tx.session.flush()
    tx.tell(Happening("place.made", "place", top.id, codes=top.level_codes, facts={"code": TOP_CODE, "name": top_name}))
    for officer in officers:
        _make(tx, top, officer)


def _make(tx: Transaction, top: Place, officer: FirstOfficer) -> None:
    person = Staff(
        id=new_id(),
        login=officer.login,
        name=officer.name,
        name_key=name_key(officer.name),
        place_id=top.id,
        must_change_password=False,
        is_active=True,
        made_at=tx.now,
    )
    person.place_at(top.level_codes)
    fault = password_fault(officer.password, person)
    if fault is not None:
        raise Refusal("weak_password", fault)
    person.password_hash = hash_password(officer.password)
    post = Appointment(id=new_id(), staff_id=person.id, role=officer.role, place_id=top.id, from_on=tx.today)
    post.place_at(top.level_codes)
    tx.session.add_all([vault_of(tx.session).new_key(person.id), person])
    tx.session.flush()
    tx.session.add(post)
    tx.tell(Happening("staff.made", "staff", person.id, codes=top.level_codes, facts={"login": officer.login}))
    tx.tell(Happening("staff.appointed", "staff", person.id, codes=top.level_codes, facts={"role": officer.role}))
