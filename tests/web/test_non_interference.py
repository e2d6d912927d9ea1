"""Two databases that differ only outside a person's township give that person byte-identical answers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from models.case import Case
from models.child import Child, NameGram, Relative
from models.database import Database
from models.place import Place
from models.scope import system_scope
from models.search import name_key, replace_grams
from models.staff import Appointment, Staff
from models.vault import Keystore, learn_keys
from tests.cast import NOW, Cast
from tests.web.asking import asked, text_of
from tests.web.marked import Marked, marked_site, open_site
from workflows.operations.child import change_child
from workflows.policy import Permission

HERE = "BT"
PASSING = (
    r'name="csrf_token"[^>]*value="[^"]+"|data-csrf="[^"]+"|"X-CSRFToken": ?"[^"]+"',
    r'name="request_key"[^>]*value="[^"]+"',
    r"at=[\w-]{16,}",  # a cursor is sealed with a nonce of its own each time
    r"[0-9a-f]{32}(-\d+)?",  # the number of the request
    r"(?i)(set-cookie|x-request-id|content-length|date): [^\n]*?(?= [A-Z][\w-]+: |$)",
    r"<dcterms:[^>]+>[^<]+<",  # when the sheet was made
)


@pytest.fixture(scope="module")
def worlds(
    tmp_path_factory: pytest.TempPathFactory, peopled_sqlite: tuple[Path, Cast], keystore: Keystore
) -> Iterator[tuple[Marked, Marked]]:
    """A world, and one in which everything outside the township is otherwise; bai's browser fits both."""
    folder, other = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("there")
    with marked_site(folder, peopled_sqlite, keystore) as world:
        world.clients["bai"] = world.log_in("bai")
        cookie = world.clients["bai"].get_cookie("shouwang")
        assert cookie is not None
        world.site.extensions["shouwang"].database.dispose()
        world.cast.database.dispose()
        path = other / "office.db"
        shutil.copy(world.path, path)
        database = Database(f"sqlite:///{path}", keystore)
        twin = replace(world, path=path, cast=replace(world.cast, database=database))
        twin.site = open_site(other, path, keystore)
        client = twin.site.test_client()
        client.set_cookie("shouwang", cookie.value, domain="localhost", secure=True)
        twin.clients = {"bai": client}
        _make_different(twin)
        yield world, twin
        twin.site.extensions["shouwang"].database.dispose()
        database.dispose()


def _is_outside(row: Any) -> bool:
    return row.level_codes["township"] != HERE


def _make_different(twin: Marked) -> None:
    """Rename, add, move on and remove whatever lies outside the township."""
    gone = twin.children["XZ-2101"]
    with twin.cast.database.transaction(system_scope("tests")) as session:
        for table, column in ((Relative, Relative.child_id), (NameGram, NameGram.child_id), (Child, Child.id)):
            session.execute(delete(table).where(column == gone))
        for child in filter(_is_outside, session.scalars(select(Child))):
            learn_keys(session, [child.id])
            child.name = f"改{child.name}"
            child.name_key = name_key(child.name)
            child.risk, child.note = "low", "另一个世界"
            session.flush()
            replace_grams(session, child)
        for place in filter(_is_outside, session.scalars(select(Place).where(Place.kind.in_(("school", "class"))))):
            place.name, place.is_closed = f"{place.name}改", place.kind == "class"
        for person in filter(_is_outside, session.scalars(select(Staff))):
            person.name = f"改{person.name}"
        for post in filter(_is_outside, session.scalars(select(Appointment))):
            post.purpose = "另一个世界"
        for case in filter(_is_outside, session.scalars(select(Case))):
            case.state_since = NOW
    twin.cast.open_case(twin.cast.add_child("ZX-2301", "林另一"), "qin")
    twin.cast.open_case(twin.cast.add_child("SQ-2101", "林BX2101名"), "chen")
    twin.cast.add_child("XZ-2101", "林另三")
    with twin.cast.acting("qin", Permission.CHILD_EDIT) as tx:
        child = tx.session.get_one(Child, twin.children["ZX-2302"])
        change_child(tx, child.id, child.rev, {"village": "另一个村"})


def _plain(answer: Any) -> str:
    with closing(answer):
        said = f"{answer.status_code} {text_of(answer)}"
    for pattern in PASSING:
        said = re.sub(pattern, "·", said)
    return said


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.deep)])
def test_what_happens_elsewhere_changes_nothing_that_the_neighbour_reads(
    worlds: tuple[Marked, Marked], every: int
) -> None:
    world, twin = worlds
    differing, count = [], 0
    for address, answer in asked(world, "bai", every):
        if address.startswith("/metrics"):  # of the process, for the machine itself
            answer.close()
            continue
        count += 1
        here, there = _plain(answer), _plain(twin.get("bai", address.rstrip("?")))
        if here != there:
            at = next((n for n, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), 0)
            differing.append(f"{address}: …{here[max(0, at - 60) : at + 40]}… / …{there[max(0, at - 60) : at + 40]}…")
    assert count > 200 / every
    assert differing == []


def test_the_two_worlds_do_differ_elsewhere(worlds: tuple[Marked, Marked]) -> None:
    """The comparison can fail: the office of the other township reads two different rolls."""
    pages = []
    for world in worlds:
        world.clients["chen"] = world.log_in("chen")
        pages.append(_plain(world.get("chen", "/children/")))
    assert pages[0] != pages[1]
