"""The list of a screen as a spreadsheet: the masks of the page, a record of who took how much."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from flask import Response
from flask_admin import expose

from admin_app.desk import current_actor, now, record_read, system_session
from admin_app.exchange.list_sheet import write_list
from admin_app.listing.asked import Asked
from admin_app.listing.page import Page, all_pages
from admin_app.parts.listed import ListPart
from admin_app.wording import say
from models.database import OfficeSession
from models.place import Place
from workflows.audit import Happening
from workflows.refusal import Missing
from workflows.text import text

EXPORT_BATCH = 500
CHUNK = 1 << 16
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class SheetPart(ListPart):
    """Sends the list as a sheet."""

    @expose("/export/<export_type>/")
    def export(self, export_type: str) -> Any:
        """Send the list as a sheet with the masks of the page; its row count and digest go on record first."""
        if export_type != "xlsx":
            raise Missing("not_found", text("只能导出 .xlsx"))
        session = self.reading("export")
        asked = self.asked(session)
        statement = self.narrowed(session, asked)
        pages = all_pages(session, statement, asked.order, EXPORT_BATCH)
        lines = (line for page in pages for line in self._sheet_lines(session, page, asked))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "list.xlsx"
            heads = [(say(column.label), column.width) for column in self.columns]
            count, digest = write_list(path, say(self.title), heads, lines)
            self._record_export(asked, count, digest)
            name = f"{say(self.title)}-{now():%Y%m%d}.xlsx"
            file = path.open("rb")  # stays readable after the folder is gone
        answer = Response(_chunks(file), mimetype=XLSX)
        answer.headers.set("Content-Disposition", "attachment", filename=name)
        answer.call_on_close(file.close)
        return answer

    def _sheet_lines(self, session: OfficeSession, page: Page, asked: Asked) -> list[list[Any]]:
        beside = self.prepare(session, page, asked)
        return [[column.written(row, beside) for column in self.columns] for row in page.rows]

    def _record_export(self, asked: Asked, count: int, digest: str) -> None:
        grants = [post.grant for post in current_actor().posts]
        facts = {"screen": self.key, "rows": count, "sha256": digest, "filters": dict(asked.filters), "grants": grants}
        facts["places"] = asked.places.chosen if asked.places else {}
        session = system_session()
        post = next(iter(current_actor().posts), None)
        place = session.get(Place, post.place_id) if post else None
        codes = place.level_codes if place else None
        record_read(Happening(f"{self.key}.exported", self.key, codes=codes, facts=facts))


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk
