"""A peopled site in which every cell carries the mark of its row, and a logged-in browser for everybody."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from admin_app import create_app
from admin_app.config import Settings
from models.attachment import Attachment
from models.audit import AuditEvent
from models.case import Case
from models.channel import Channel
from models.child import Child, Relative
from models.database import Database
from models.job import Job
from models.notice import Notice
from models.place import Place
from models.record import Record
from models.roster import HeadingSynonym
from models.school_year import SchoolYear, Term
from models.scope import system_scope
from models.staff import Appointment, LoginSession, Staff
from models.types import new_id
from models.vault import Keystore, learn_keys
from tests.cast import NOW, PASSWORD, Cast
from tests.office import id_number
from tests.pictures import photo
from tests.web.browser import get, post, token
from workflows.file_kind import Upload
from workflows.operations.case import Request, act_on_case
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.operations.channel import make_channel
from workflows.operations.child import change_child, reveal_value
from workflows.operations.draw import make_draw, prepare_draw
from workflows.operations.heading import teach_heading
from workflows.operations.jobs import run_jobs, start_job
from workflows.operations.record import write_record
from workflows.operations.roster_upload import keep_upload
from workflows.operations.selection import Choice, choose
from workflows.outbox.spread import spread
from workflows.policy import Permission

LOGINS = ("chen", "qin", "zhou", "shi", "meng", "tan", "feng", "bai", "sys", "sec", "aud", "nobody")
CLASSES = ("ZX-2302", "ZX-2101", "SQ-2101", "BX-2101", "XZ-2101")
TEACHER = {"ZX-2302": "zhou", "ZX-2101": "shi"}
HELPER = "zhou"  # of a child in another class than the own one
OFFICE = {"ZX": "qin", "SQ": "chen", "BX": "bai"}


@dataclass
class Marked:
    """A site with its people and rows; `marks` maps each mark to (class code, field class)."""

    site: Flask
    cast: Cast
    path: Path
    keystore: Keystore
    marks: dict[str, tuple[str, str]] = field(default_factory=dict)
    children: dict[str, int] = field(default_factory=dict)
    relatives: dict[str, int] = field(default_factory=dict)
    cases: dict[str, str] = field(default_factory=dict)
    pairings: dict[str, str] = field(default_factory=dict)
    plans: dict[str, str] = field(default_factory=dict)
    batches: dict[str, int] = field(default_factory=dict)
    clients: dict[str, FlaskClient] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)
    attachments: dict[str, int] = field(default_factory=dict)
    draws: dict[str, str] = field(default_factory=dict)

    def ids(self, row_class: type[Any]) -> list[int]:
        """The identifiers of every row of a table."""
        with self.cast.database.session(system_scope("tests")) as session:
            return sorted(session.scalars(select(row_class.id)))

    def one(self, row_class: type[Any], *conditions: Any) -> Any:
        """The first row of a table that fits."""
        with self.cast.database.session(system_scope("tests")) as session:
            return session.scalars(select(row_class).where(*conditions).order_by(row_class.id)).first()

    def entries(self, class_code: str) -> list[int]:
        """The numbers of the trail's entries about rows of a class."""
        with self.cast.database.session(system_scope("tests"), kind="audit") as session:
            told = select(AuditEvent.id).where(AuditEvent.class_code == class_code)
            return list(session.scalars(told.order_by(AuditEvent.id)))

    def log_in(self, login: str) -> FlaskClient:
        """A fresh browser of one of the cast."""
        client = self.site.test_client()
        assert post(client, "/login", login=login, password=PASSWORD).status_code == 302
        return client

    def log_everybody_in(self) -> None:
        """Give each of the cast a browser and the token of its forms; the stranger has a browser too."""
        for login in LOGINS:
            self.clients[login] = self.log_in(login)
            self.tokens[login] = token(self.clients[login], "/account")
        self.clients["stranger"] = self.site.test_client()
        self.tokens["stranger"] = token(self.clients["stranger"])

    def get(self, login: str, path: str, **more: Any) -> Any:
        """Open an address as one of the cast or as the stranger."""
        return get(self.clients[login], path, **more)

    def send(self, login: str, path: str, **fields: Any) -> Any:
        """Post fields with the token of the person's browser."""
        typed = {"csrf_token": self.tokens[login], **fields}
        return self.clients[login].post(path, data=typed, base_url="https://localhost")


@contextmanager
def marked_site(folder: Path, peopled: tuple[Path, Cast], keystore: Keystore) -> Iterator[Marked]:
    """Open a site over a fresh copy of the peopled database, with marked rows in five classes."""
    template, people = peopled
    path = folder / "office.db"
    shutil.copy(template, path)
    cast = replace(people, database=_quick(Database(f"sqlite:///{path}", keystore)))
    world = Marked(open_site(folder, path, keystore), cast, path, keystore)
    _fill(world)
    yield world
    world.site.extensions["shouwang"].database.dispose()
    cast.database.dispose()


def open_site(folder: Path, path: Path, keystore: Keystore) -> Flask:
    """Open a site over a database file; faults show their page, as they do to people."""
    keys = folder / "keys.json"
    keystore.save(keys)
    settings = Settings.from_environment(
        {"SHOUWANG_KEYS": str(keys)}, instance=str(folder), database=f"sqlite:///{path}"
    )
    app = create_app(settings, clock=lambda: NOW)
    app.config.update(TESTING=True, SHOW_ERROR_PAGES=True)
    _quick(app.extensions["shouwang"].database)
    return app


def _quick(database: Database) -> Database:
    """Wait for no disk: these tests send thousands of requests and cut no power."""
    event.listen(database.engine, "connect", lambda raw, _record: raw.execute("PRAGMA synchronous = OFF"))
    return database


def _fill(world: Marked) -> None:
    for number, code in enumerate(CLASSES, 1):
        _add_family(world, code, number)
    for code in ("ZX-2302", "ZX-2101", "SQ-2101", "BX-2101"):
        world.cases[code] = world.cast.open_case(world.children[code], OFFICE[code[:2]])
    for code in ("ZX-2302", "ZX-2101"):
        _send_back(world, code)
    for code in ("ZX-2302", "SQ-2101", "BX-2101"):
        _change_and_reveal(world, code)
    for school in ("ZX", "SQ", "BX"):
        _upload(world, school, school)
    _upload(world, "ZX", "ZX-drop")
    with world.cast.acting("qin", Permission.HEADING_MANAGE) as tx:
        teach_heading(tx, "娃娃大名", "child.name")
    with world.cast.acting("qin", Permission.CHANNEL_MANAGE) as tx:
        robot = {"name": "工作群", "url": "robots-own-key"}
        make_channel(tx, world.cast.places["ZX"].id, "wecom", robot, ["case.moved"])
    for code in ("ZX-2302", "ZX-2101", "SQ-2101", "BX-2101"):
        _write_records(world, code)
    world.pairings["ZX-2101"] = _pair(world, "ZX-2101", HELPER)
    world.plans["ZX-2302"] = _plan(world, "ZX-2302")
    _mark_staff(world)
    for place, wanted in (("QH", {"school:primary": 2}), ("ZX", {"class": 1})):
        world.draws[place] = _draw(world, place, wanted)
    for code in ("ZX-2302", "SQ-2101", "BX-2101"):
        people = [str(actor.staff_id) for actor in world.cast.actors.values()]
        with world.cast.system() as tx:
            told = {"case": world.cases[code], "staff": people}
            tx.send("case.urged", "inbox", f"case:{world.cases[code]}", told)
    spread(world.cast.database, NOW + timedelta(minutes=1))
    _handle_many(world)
    world.rows = _believable_rows(world)


def _handle_many(world: Marked) -> None:
    """Let an office start a job in which everything is refused, so that it lists whom it could not move."""
    ids = [world.one(Case, Case.number == world.cases[code]).id for code in ("ZX-2302", "ZX-2101")]
    with world.cast.acting("qin", Permission.CASE_ACT) as tx:
        start_job(tx, "identification", "file", ids, {}, "many")
    run_jobs(world.cast.database, lambda: NOW)


def _pair(world: Marked, code: str, helper: str) -> str:
    """Walk a pairing to where it is checked, each answer with its mark; the helper reaches this one child more."""
    who, cast = str(world.cast[helper].staff_id), world.cast
    proposed = {"kind": "helper", "helper": who, "term_goal": "读书" + _mark(world, code, "标", "P1")}
    with cast.acting(TEACHER[code], Permission.CASE_ACT) as tx:
        number = open_case_about(tx, "pairing", "child", world.children[code], Beginning(proposed)).number
    signed = {"duties": ["talk_monthly"], "signed_on": "2026-11-20", "signed_for_child": "guardian", "copies": "是"}
    effect = {"study": "better", "life": "same", "mood": "better", "rating": "good", "decision": "keep"}
    for login, step, answers in (
        (helper, "accept", {"times_a_month": "2", "wish": "加油" + _mark(world, code, "愿", "P1")}),
        (TEACHER[code], "sign", signed),
        (TEACHER[code], "check", effect | {"remark": "主动" + _mark(world, code, "评", "P1")}),
    ):
        with cast.acting(login, Permission.CASE_ACT) as tx:
            act_on_case(tx, number, Request(step, answers=answers))
    with cast.acting(TEACHER[code], Permission.CHILD_EDIT) as tx:
        child = tx.session.get_one(Child, world.children[code])
        why = "独居" + _mark(world, code, "选", "P1")
        choose(tx, "focus_children", cast.places[code].id, {child.id: Choice(True, why, child.rev)})
    return number


def _plan(world: Marked, code: str) -> str:
    """Open a plan, whose circle are the counsellor, the class teacher and the leaders who decide."""
    signs = {"situation": "况", "causes": "缘"}
    grounds = {key: "旷课" + _mark(world, code, sign, "circle") for key, sign in signs.items()}
    referred = {"criteria": ["learning"], "responsible": str(world.cast[TEACHER[code]].staff_id), **grounds}
    with world.cast.acting("meng", Permission.CASE_ACT) as tx:
        case = open_case_about(tx, "individual_plan", "child", world.children[code], Beginning(referred))
        return case.number


def _draw(world: Marked, place: str, wanted: dict[str, int]) -> str:
    with world.cast.acting("feng", Permission.INSPECTION_DRAW) as tx:
        number = prepare_draw(tx, world.cast.places[place].id, wanted).number
    with world.cast.acting("feng", Permission.INSPECTION_DRAW) as tx:
        return make_draw(tx, number, "4 1 6").number


def _believable_rows(world: Marked) -> dict[str, int]:
    """A row of the class ZX-2302 for each screen, its case and an entry of its trail."""
    zhou = world.one(Staff, Staff.login == "zhou").id
    return {
        "children": world.children["ZX-2302"],
        "relatives": world.relatives["ZX-2302"],
        "records": world.records["ZX-2302"],
        "places": world.cast.places["ZX-2302"].id,
        "staff": zhou,
        "appointments": world.one(Appointment, Appointment.staff_id == zhou).id,
        "terms": world.one(Term).id,
        "headings": world.one(HeadingSynonym).id,
        "channel": world.one(Channel).id,
        "notice": world.one(Notice, Notice.staff_id == zhou).id,
        "case": world.one(Case, Case.number == world.cases["ZX-2302"]).id,
        "job": world.one(Job).id,
        "entry": world.entries("ZX-2302")[0],
        "school": world.cast.places["ZX"].id,
    }


def _mark(world: Marked, code: str, sign: str, field_class: str) -> str:
    mark = f"{code.replace('-', '')}{sign}"
    world.marks[mark] = (code, field_class)
    return mark


def _number_mark(world: Marked, code: str, number: str) -> str:
    world.marks[number] = (code, "P2")
    return number


def _add_family(world: Marked, code: str, number: int) -> None:
    child_id = world.cast.add_child(code, "林" + _mark(world, code, "名", "P1"))
    world.children[code] = child_id
    with world.cast.database.transaction(system_scope("tests")) as session:
        learn_keys(session, [child_id])
        child = session.get_one(Child, child_id)
        child.id_number = _number_mark(world, code, id_number(order=100 + number))
        child.home_phone = _number_mark(world, code, f"139{number:02d}778{number:02d}6")
        for key, sign in (("home_address", "址"), ("parents_workplace", "务")):
            setattr(child, key, "大坝村" + _mark(world, code, sign, "P2"))
        for key, sign in (("character", "性"), ("health", "健"), ("note", "注")):
            setattr(child, key, "较好" + _mark(world, code, sign, "P3"))
        for key, sign in (("interests", "趣"), ("village", "村"), ("student_number", "学")):
            setattr(child, key, _mark(world, code, sign, "P1"))
        child.care_situation, child.risk = "grandparents", "high"
        child.absence_since = NOW.date() - timedelta(days=400)
        relative = session.scalars(select(Relative).where(Relative.child_id == child_id)).one()
        world.relatives[code] = relative.id
        relative.name = "林" + _mark(world, code, "亲", "P1")
        relative.phone = _number_mark(world, code, f"138{number:02d}556{number:02d}7")
        relative.workplace = "东莞市" + _mark(world, code, "厂", "P2")
        relative.address = "大坝村" + _mark(world, code, "居", "P2")
        relative.health = _mark(world, code, "体", "P3")
        relative.discipline = _mark(world, code, "管", "P3")
        relative.occupation = _mark(world, code, "业", "P1")


def _send_back(world: Marked, code: str) -> None:
    """Walk a case to the state in which the class teacher has to mend it, with a marked reason."""
    number = world.cases[code]
    with world.cast.acting(TEACHER[code], Permission.CASE_ACT) as tx:
        act_on_case(tx, number, Request("complete", None, file_of(code)))
    with world.cast.acting("qin", Permission.CASE_ACT) as tx:
        reason = "缺" + _mark(world, code, "因", "reason")
        act_on_case(tx, number, Request("send_back", None, {"reason": reason}))


def file_of(code: str) -> dict[str, object]:
    """Return what a class teacher fills into the file of a class's marked child."""
    number, mark = CLASSES.index(code) + 1, code.replace("-", "")
    return {
        "care_situation": "grandparents", "absence_since": "2025-10-16", "is_boarding": "false", "is_poor": "false",
        "parents_workplace": f"大坝村{mark}务", "guardian_name": f"林{mark}亲", "guardian_relation": "grandfather",
        "guardian_phone": f"138{number:02d}556{number:02d}7", "guardian_address": f"大坝村{mark}居",
        "guardian_health": f"{mark}体", "guardian_discipline": f"{mark}管", "home_address": f"大坝村{mark}址",
        "home_phone": f"139{number:02d}778{number:02d}6", "call_first": "guardian",
        "character": f"较好{mark}性", "interests": f"{mark}趣", "health": f"较好{mark}健",
        "five_facts": ["basics", "character", "interests", "health", "contacts"],
    }  # fmt: skip


def _change_and_reveal(world: Marked, code: str) -> None:
    login = OFFICE[code[:2]]
    with world.cast.acting(login, Permission.CHILD_EDIT) as tx:
        child = tx.session.get_one(Child, world.children[code])
        learn_keys(tx.session, [child.id])
        older = "大坝村" + _mark(world, code, "旧", "P2")
        change_child(tx, child.id, child.rev, {"home_address": older, "village": _mark(world, code, "寨", "P1")})
    with world.cast.acting(login, Permission.CHILD_REVEAL) as tx:
        reveal_value(tx, world.children[code], "home_phone", "家访" + _mark(world, code, "由", "audit"))


def _write_records(world: Marked, code: str) -> None:
    """Write a talk with a photo, and a meeting, each answer with its mark."""
    talk = {
        "talked_on": NOW.date().isoformat(),
        "topics": ["life"],
        "said": "想家" + _mark(world, code, "说", "told"),
        "confidential": "约谈" + _mark(world, code, "密", "P3"),
    }
    meeting = {"held_on": NOW.date().isoformat(), "kind": "meeting", "topics": "安全" + _mark(world, code, "题", "P1")}
    picture = Upload("照片" + _mark(world, code, "片", "told") + ".jpg", photo(60, 40))
    writer = {**TEACHER, "SQ-2101": "shi"}.get(code)
    children = [world.children[code]]
    with world.cast.acting(writer, Permission.RECORD_WRITE) if writer else world.cast.system() as tx:
        world.records[code] = write_record(tx, "talk", children, talk, files=[picture]).records[0]
        write_record(tx, "guardian_meeting", children, meeting)
    world.attachments[code] = world.one(Attachment, Attachment.record_id == world.records[code]).id


def _upload(world: Marked, school: str, key: str) -> None:
    """Keep a register of two children, one of them without a class, so that its row is refused."""
    name = "名册" + _mark(world, school, "册", "roster") + ".csv"
    new, odd = _mark(world, school, "新", "roster"), _mark(world, school, "残", "roster")
    content = f"姓名,性别,出生日期,年级,班级\n林{new},女,2016-03-12,四年级,2班\n林{odd},女,2016-33-12,,\n"
    with world.cast.acting(OFFICE[school], Permission.ROSTER_IMPORT) as tx:
        place = tx.session.get_one(Place, world.cast.places[school].id)
        world.batches[key] = keep_upload(tx, place, name, "0" * 64, content.encode()).id


def _mark_staff(world: Marked) -> None:
    with world.cast.database.transaction(system_scope("tests")) as session:
        for number, person in enumerate(session.scalars(select(Staff).order_by(Staff.id)), 1):
            learn_keys(session, [person.id])
            person.phone = f"136{number:02d}990{number:02d}8"
            world.marks[person.phone] = (f"staff:{person.login}", "P2")
            world.marks[person.name] = (f"staff:{person.login}", "P1")
        for post_ in session.scalars(select(Appointment)):
            login = session.get_one(Staff, post_.staff_id).login
            post_.purpose = f"任命{login}职{post_.level_codes['school'].replace('-', '')}"
            world.marks[post_.purpose] = (f"post:{login}:{world.one(Place, Place.id == post_.place_id).code}", "P0")
        for code, place in world.cast.places.items():
            kept = session.get_one(Place, place.id)
            kept.name = f"{kept.name}〔{code}〕"
            world.marks[kept.name] = (code, "place")


EVERY_TABLE = (Child, Relative, Record, Case, Place, Staff, Appointment, LoginSession, HeadingSynonym, Term, SchoolYear)
GUESSED = ("0", "-1", "1", "9223372036854775807")


def number_beside(row_id: int) -> str:
    """A number that a guesser would try: the next one."""
    return str(row_id + 1) if row_id else str(new_id())
