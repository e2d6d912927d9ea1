"""The program is measured beside peers in processes of their own: each does the whole work, or the bench says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copy
from textwrap import dedent

import pytest
from sqlalchemy import select

from bench import contenders, contest
from bench.contenders import BARE, FLOOR, VIEWFLOW, Contender, Kind, PeerDied, installed, running
from bench.data import EVERYWHERE, World, prepared
from bench.own import STEP, own_part
from models.definition import Definition


@dataclass(frozen=True)
class Folder:
    """What a peer needs of the world: where its files may lie."""

    folder: Path
    kind: str = "sqlite"


@pytest.fixture(params=[FLOOR, BARE], ids=lambda kind: str(kind.name))
def peer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Contender]:
    """A running peer that needs no packages of its own."""
    with running(Folder(tmp_path), [request.param]) as peers:  # type: ignore[arg-type]
        yield peers[0]


def _dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> str:
    (tmp_path / "fake.py").write_text(dedent(script), encoding="utf-8")
    monkeypatch.setattr(contenders, "SCRIPTS", tmp_path)
    fake = Kind("a fake", "fake", has_own_packages=False)
    with pytest.raises(PeerDied) as fault, running(Folder(tmp_path), [fake]) as peers:  # type: ignore[arg-type]
        peers[0].open(3, together=True)
        peers[0].check()
    return str(fault.value)


def test_a_peer_answers_for_every_case_singly_and_together(peer: Contender) -> None:
    peer.open(4, together=False)
    peer.open(3, together=True)
    peer.move(2, together=False)
    peer.move(5, together=True)
    peer.check()


def test_a_peer_refuses_a_case_that_has_moved_already(peer: Contender) -> None:
    peer.open(2, together=True)
    peer.move(2, together=False)
    peer.moved = 0
    with pytest.raises(PeerDied, match="stopped while it was asked to move"):
        peer.move(1, together=False)


def test_a_peer_that_dies_is_named_with_its_last_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = _dies(tmp_path, monkeypatch, "raise SystemExit('no such package')")
    assert said == "a fake stopped while it was asked to lay: no such package"


def test_a_peer_that_has_left_out_its_trail_is_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lazy = """
        import sys
        for line in sys.stdin:
            counted = '{"cases": 4, "moved": 0, "trail": 1}'
            print(counted if '"do": "count"' in line else "{}", flush=True)
    """
    assert "but owes {'cases': 4, 'moved': 0, 'trail': 4}" in _dies(tmp_path, monkeypatch, lazy)


def test_peers_that_are_not_installed_are_left_out_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(contenders, "PEER_PYTHON", tmp_path / "none")
    assert installed([FLOOR, VIEWFLOW]) == [FLOOR]
    assert capsys.readouterr().err == "left out: viewflow; `make bench-peers` installs what they need\n"


def test_the_program_is_measured_in_alternation_and_leaves_the_shipped_workflow_in_force(
    demo_school: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contenders, "PEER_PYTHON", tmp_path / "none")
    for file in demo_school.iterdir():
        copy(file, tmp_path)
    with prepared("school", tmp_path, None) as world:
        before = _in_force(world)
        with own_part(world):  # what a run that was broken off leaves in force
            assert _in_force(world) != before
            with own_part(world):
                assert STEP in _in_force(world)
            assert _in_force(world) == before
        single = {figure.name: figure for figure in contest.one_transition(world)}
        many = {figure.name: figure for figure in contest.many_cases(world)}
        assert _in_force(world) == before
    assert single["one step: ours, guard"].details["cases"] == single["one step: floor"].details["cases"] > 0
    assert single["one step: transitions + SQLAlchemy"].details["rounds"] == contest.ROUNDS
    assert single["one step, form: times transitions + SQLAlchemy"].bar == 2
    assert many["many opened and moved: ours"].details["cases"] == many["many opened and moved: floor"].details["cases"]
    assert many["many opened and moved: times executemany of our rows"].bar == 3
    assert not list(tmp_path.glob("bench_peer*"))


def _in_force(world: World) -> str:
    with world.database.session(EVERYWHERE, kind="directory") as session:
        wanted = select(Definition.content).where(Definition.key == "identification", Definition.state == "in_force")
        return session.scalars(wanted).one()
