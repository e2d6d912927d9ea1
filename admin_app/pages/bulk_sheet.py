"""What was refused in a job as a sheet, as far as the person may see it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from flask_babel import gettext as _

from admin_app.desk import read_session, system_session
from admin_app.exchange.list_sheet import Value, write_list
from admin_app.pages.bulk_jobs import all_refused, in_parts
from models.job import Job
from workflows.policy import Permission

BATCH = 500


def write_refused(job: Job) -> tuple[IO[bytes], int, str]:
    """Return the open sheet of a job's refused cases, how many they are and the file's SHA-256 (hex)."""
    heads = [(_("编号"), 16), (_("儿童或单位"), 18), (_("学校"), 28), (_("原因"), 60)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "refused.xlsx"
        count, digest = write_list(path, _("未办成"), heads, _lines(job))
        return path.open("rb"), count, digest  # stays readable after the folder is gone


def _lines(job: Job) -> Iterator[list[Value]]:
    seeing = read_session(Permission.CASE_LIST)
    for part in in_parts(all_refused(system_session("own jobs"), job), BATCH):
        for line in part:
            yield [line["number"] or None, line["title"], line["place"], line["why"]]
        seeing.expunge_all()
