"""One cast of invented people and places for all tests, the neighbouring township's clerk among them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import select, update

from models.audit import AuditEvent
from models.case import Case
from models.child import Child, Relative
from models.database import Database
from models.place import Place
from models.school_year import SchoolYear, Term
from models.scope import LEVELS, NO_PLACE, Branch, system_scope
from models.search import name_key, replace_grams
from models.staff import Appointment, Staff
from models.types import new_id
from models.vault import vault_of
from workflows.actor import Actor, Post
from workflows.clock import local_day
from workflows.operations.case_opening import open_case
from workflows.operations.definition import publish_standard_pack
from workflows.people import actor_by_login
from workflows.policy import Permission, standard_policy
from workflows.subjects import ChildSubject
from workflows.transaction import Origin, Transaction, transaction

NOW = datetime(2026, 11, 20, 1, 40, tzinfo=UTC)  # 09:40 in the schools
PASSWORD = "jing-shui-liu-shen-3"

POLICY = standard_policy()

PLACES = (
    # code, kind, name, parent, stage, cohort, number
    ("QZ", "city", "清州市", None, None, None, None),
    ("QH", "county", "青禾县", "QZ", None, None, None),
    ("LX", "township", "柳溪镇", "QH", None, None, None),
    ("ZX", "school", "柳溪镇中心小学", "LX", "primary", None, None),
    ("ZX-2302", "class", "四（2）班", "ZX", None, 2023, 2),
    ("ZX-2301", "class", "四（1）班", "ZX", None, 2023, 1),
    ("ZX-2101", "class", "六（1）班", "ZX", None, 2021, 1),
    ("SQ", "school", "石桥小学", "LX", "primary", None, None),
    ("SQ-2101", "class", "六（1）班", "SQ", None, 2021, 1),
    ("BT", "township", "白塔镇", "QH", None, None, None),
    ("BX", "school", "白塔小学", "BT", "primary", None, None),
    ("BX-2101", "class", "六（1）班", "BX", None, 2021, 1),
    ("XZ", "school", "县直实验学校", "QH", "nine_year", None, None),
    ("XZ-2101", "class", "六（1）班", "XZ", None, 2021, 1),
)

PEOPLE = (
    # login, name, name key, posts as (role, place)
    ("chen", "陈立群", "chen li qun", (("office", "LX"),)),
    ("qin", "秦素芬", "qin su fen", (("office", "ZX"),)),
    ("zhou", "周敏", "zhou min", (("class_teacher", "ZX-2302"),)),
    ("shi", "石丽萍", "shi li ping", (("class_teacher", "ZX-2101"), ("counsellor", "SQ"))),
    ("meng", "孟晓岚", "meng xiao lan", (("counsellor", "ZX"),)),
    ("tan", "覃明远", "tan ming yuan", (("principal", "ZX"),)),
    ("feng", "冯志远", "feng zhi yuan", (("inspector", "QH"),)),
    ("bai", "白若川", "bai ruo chuan", (("office", "BT"),)),
    ("sys", "韦国梁", "wei guo liang", (("system_officer", "QZ"),)),
    ("sec", "黄志勤", "huang zhi qin", (("security_officer", "QZ"),)),
    ("aud", "岑立新", "cen li xin", (("audit_officer", "QZ"),)),
    ("nobody", "蓝玉华", "lan yu hua", ()),
)


@dataclass
class Cast:
    """The people and places of a filled test database, by login and by code."""

    database: Database
    places: dict[str, Place]
    actors: dict[str, Actor]
    term_id: int

    def __getitem__(self, login: str) -> Actor:
        return self.actors[login]

    @contextmanager
    def acting(self, login: str, permission: Permission, at: datetime = NOW) -> Iterator[Transaction]:
        """A transaction of one of the people, in the scope that a permission gives them."""
        with self.database.session(system_scope("tests")) as session:
            actor = actor_by_login(session, login, local_day(at)) or self.actors[login]
        scope = POLICY.scope(actor, permission)
        origin = Origin("test-request", "127.0.0.1")
        with transaction(self.database, actor, POLICY, scope, origin=origin, clock=lambda: at) as tx:
            yield tx

    @contextmanager
    def system(self, name: str = "tests", at: datetime = NOW) -> Iterator[Transaction]:
        """A transaction of a part of the system."""
        actor = Actor.of_system(name)
        origin = Origin("test-request", "local")
        with transaction(self.database, actor, POLICY, system_scope(name), origin=origin, clock=lambda: at) as tx:
            yield tx

    def events(self, *actions: str) -> list[dict[str, Any]]:
        """The bodies of the audit events since the pack was published, of these actions only where any are named."""
        with self.database.session(system_scope("tests"), kind="audit") as session:
            rows = session.scalars(select(AuditEvent).order_by(AuditEvent.id))
            bodies = [json.loads(row.body) for row in rows]
        told = [body for body in bodies if body["action"] != "definition.published"]
        return [body for body in told if not actions or body["action"] in actions]

    def add_child(self, place: str, name: str = "林小禾", **values: Any) -> int:
        """A child on file in a class, with a guardian; returns its identifier."""
        with self.database.transaction(system_scope("tests")) as session:
            codes = self.codes(place)
            child = Child(id=new_id(), name=name, name_key=name_key(name), made_at=NOW, made_at_school=codes["school"])
            child.sex = "female"
            child.place_at(codes)
            session.add_all([vault_of(session).new_key(child.id), child])
            session.flush()
            for key, value in values.items():
                setattr(child, key, value)
            relative = Relative(id=new_id(), child_id=child.id, slot="guardian", call_order=1, name="林长顺")
            relative.place_at(codes)
            session.add(relative)
            relative.relation, relative.phone = "grandfather", "13800002716"
            session.flush()
            replace_grams(session, child)
            return child.id

    def open_case(self, child_id: int, login: str = "qin") -> str:
        """Open an identification case about a child; returns its number."""
        with self.acting(login, Permission.CASE_ACT) as tx:
            child = ChildSubject(tx.session.get_one(Child, child_id))
            return open_case(tx, "identification", child, self.term_id).number

    def case(self, number: str) -> Case:
        """A case as it stands."""
        with self.database.session(system_scope("tests")) as session:
            return session.scalars(select(Case).where(Case.number == number)).one()

    def end_posts(self, login: str) -> None:
        """Let somebody's posts have ended long ago."""
        with self.database.transaction(system_scope("tests")) as session:
            posts = update(Appointment).where(Appointment.staff_id == self.actors[login].staff_id)
            session.execute(posts.values(from_on=date(2025, 9, 1), until_on=date(2025, 12, 1)))

    def codes(self, code: str) -> dict[str, str]:
        """The level codes of a place."""
        return self.places[code].level_codes


def codes_under(kind: str, code: str, parent: dict[str, str] | None) -> dict[str, str]:
    """The level codes of a place below its parent."""
    codes = dict(parent or dict.fromkeys(LEVELS, NO_PLACE))
    codes[kind] = code
    return codes


def fill(database: Database) -> Cast:
    """Put the cast into an empty database."""
    with database.transaction(system_scope("tests")) as session:
        places: dict[str, Place] = {}
        for code, kind, name, parent, stage, cohort, number in PLACES:
            above = places.get(parent or "")
            place = Place(id=new_id(), code=code, kind=kind, name=name, stage=stage, cohort=cohort, number=number)
            place.parent_id = above.id if above else None
            place.place_at(codes_under(kind, code, above.level_codes if above else None))
            session.add(place)
            session.flush()
            places[code] = place
        year = SchoolYear(id=new_id(), first_year=2026)
        session.add(year)
        session.flush()
        term = Term(id=new_id(), school_year_id=year.id, number=1, first_on=date(2026, 9, 1), last_on=date(2027, 1, 22))
        session.add(term)
        vault = vault_of(session)
        actors = {}
        digest = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)  # quick, for tests only
        for login, name, key, posts in PEOPLE:
            home = places[posts[0][1] if posts else "ZX"]
            person = Staff(
                id=new_id(),
                login=login,
                name=name,
                name_key=key,
                place_id=home.id,
                password_hash=digest,
                must_change_password=False,
                is_active=True,
                made_at=NOW,
            )
            person.place_at(home.level_codes)
            session.add_all([vault.new_key(person.id), person])
            session.flush()
            held = []
            for role, code in posts:
                place = places[code]
                post = Appointment(
                    id=new_id(), staff_id=person.id, role=role, place_id=place.id, from_on=date(2026, 9, 1)
                )
                post.place_at(place.level_codes)
                session.add(post)
                held.append(Post(post.id, role, place.id, Branch(place.kind, code), place.name))
            actors[login] = Actor(person.id, name, login, tuple(held))
    cast = Cast(database, places, actors, term.id)
    with cast.system() as tx:
        publish_standard_pack(tx)
    return cast
