"""The uploaded register behind the pages of the import wizard: opened, looked at, checked."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import select

from admin_app.desk import now, read_session, system_session
from admin_app.exchange.spreadsheet import read_grids
from models.place import Place
from models.roster import HeadingSynonym, RosterBatch
from workflows.clock import local_day
from workflows.operations.roster import find_batch, refuse_those_on_file
from workflows.operations.roster_upload import open_upload
from workflows.policy import Permission
from workflows.refusal import Missing
from workflows.roster import Grid, RosterReport, check_roster
from workflows.roster.look import Look, look_at_tables


class Finished(Exception):
    """The upload was imported or dropped already; its own page tells how."""

    def __init__(self, batch_id: int) -> None:
        super().__init__(str(batch_id))
        self.batch_id = batch_id


@dataclass(frozen=True)
class Register:
    """An upload that waits: its batch, the school it is for, its sheets and the office's own heading words."""

    batch: RosterBatch
    school: Place
    grids: list[Grid]
    words: dict[str, str]


def office_words() -> dict[str, str]:
    """Return the office's own heading words and the field that each means."""
    rows = read_session(Permission.ROSTER_IMPORT).execute(select(HeadingSynonym.word, HeadingSynonym.field))
    return dict(rows.all())


def open_register(batch_id: int) -> Register:
    """Return an upload with its sheets; raises Missing, Finished, RosterFault."""
    session = read_session(Permission.ROSTER_IMPORT)
    batch = find_batch(session, batch_id)
    if batch.state != "checked":
        raise Finished(batch_id)
    try:
        content = open_upload(session, batch)
    except Missing as gone:  # imported between two of our reads
        raise Finished(batch_id) from gone
    grids = read_grids(content, batch.file_name)
    return Register(batch, session.get_one(Place, batch.school_id), grids, office_words())


def look_at(register: Register) -> Look:
    """Return the tables and headings of an upload; raises RosterFault."""
    batch = register.batch
    return look_at_tables(register.grids, file=batch.file_name, synonyms=register.words, chosen=batch.mapping)


def check(register: Register) -> RosterReport:
    """Return the verdict on every row, children on file included, in the order of the file; raises RosterFault."""
    batch = register.batch
    report = check_roster(
        register.grids,
        file=batch.file_name,
        today=local_day(now()),
        synonyms=register.words,
        chosen=batch.mapping,
    )
    report = refuse_those_on_file(system_session("roster"), report, register.school.code)
    order = {grid.name: place for place, grid in enumerate(register.grids)}
    refused = sorted(report.refused, key=lambda finding: (order[finding.sheet], finding.row))
    return replace(report, refused=refused)
