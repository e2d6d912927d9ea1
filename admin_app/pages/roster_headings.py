"""What the second page of the import wizard shows: every heading of a register, what it means, three values below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from admin_app.desk import may
from admin_app.forms.kept_draft import Draft, draft_line, draft_url
from admin_app.pages.roster import wizard_steps
from admin_app.pages.roster_file import Register, look_at
from admin_app.wording import say
from workflows.policy import Permission
from workflows.roster import HeaderSeen, TableSeen
from workflows.roster.fields import IGNORED, LABELS
from workflows.roster.mapping import MAY_REPEAT
from workflows.roster.shown import shown_sample

GROUPS = ("child", "guardian", "father", "mother")


def headings_page(register: Register, draft: Draft | None) -> dict[str, Any]:
    """Return the context of `roster/headings.html`; raises RosterFault where nobody can mend the mapping."""
    batch, look = register.batch, look_at(register)
    typed = dict(zip(draft[1].get("header", []), draft[1].get("field", []), strict=False)) if draft else {}
    layouts = _layouts(look.tables, batch.mapping, typed)
    columns = [column for layout in layouts for column in layout["columns"]]
    path = url_for("roster.headings", batch_id=batch.id)
    return {
        "batch_id": batch.id,
        "file": batch.file_name,
        "school": register.school.name,
        "steps": wizard_steps(2),
        "fault": say(look.fault.text) if look.fault else None,
        "rows": look.rows,
        "columns": len(columns),
        "unmapped": sum(column["field"] == IGNORED for column in columns),
        "layouts": layouts,
        "groups": field_groups(),
        "without": look.sheets_without_table,
        "may_remember": may(Permission.HEADING_MANAGE),
        "draft_url": draft_url(path),
        "draft_line": draft_line(draft),
    }


def field_groups() -> list[dict[str, Any]]:
    """Return the fields of a register by the person they belong to."""
    words = {"child": _("儿童"), "guardian": _("监护人"), "father": _("父亲"), "mother": _("母亲")}
    return [
        {
            "label": words[group],
            "options": [(key, say(label)) for key, label in LABELS.items() if _group_of(key) == group],
        }
        for group in GROUPS
    ]


def _group_of(field: str) -> str:
    subject = field.partition(".")[0]
    return subject if subject in GROUPS else "child"


def _layouts(
    tables: tuple[TableSeen, ...], chosen: Mapping[str, str], typed: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Join tables with one and the same head; a heading that stands in several heads is asked for once."""
    same: dict[tuple[str, ...], list[TableSeen]] = {}
    for table in tables:
        same.setdefault(tuple(header.header for header in table.headers), []).append(table)
    asked: set[str] = set()
    twice = {header for found in same.values() for header in _doubled(found[0])}
    layouts = []
    for heads, found in same.items():
        fresh = [header for header in heads if header not in asked]
        asked.update(fresh)
        layouts.append(
            {
                "title": _title(found),
                "places": [_place(table) for table in found],
                "rows": sum(table.rows for table in found),
                "columns": [_column(header, found, chosen, typed) | {"is_double": header in twice} for header in fresh],
                "repeated": len(heads) - len(fresh),
            }
        )
    return layouts


def _doubled(table: TableSeen) -> list[str]:
    """Return the headings that claim a field which another one claims too."""
    times = Counter(header.field for header in table.headers)
    return [h.header for h in table.headers if h.field not in (None, *MAY_REPEAT) and times[h.field] > 1]


def _title(tables: list[TableSeen]) -> str:
    first = tables[0].sheet
    if len(tables) == 1:
        return first or _("登记表")
    return str(_("“%(sheet)s”等 %(n)s 个表，表头相同", sheet=first or _("登记表"), n=len(tables)))


def _place(table: TableSeen) -> dict[str, Any]:
    head = f"{table.head_from}–{table.head_to}" if table.head_to > table.head_from else str(table.head_from)
    around = f"{table.class_around}" if table.class_around else ""
    return {"sheet": table.sheet, "head": _("第 %(rows)s 行", rows=head), "rows": table.rows, "class": around}


def _column(
    header: str, tables: list[TableSeen], chosen: Mapping[str, str], typed: Mapping[str, str]
) -> dict[str, Any]:
    seen = [column for table in tables for column in table.headers if column.header == header]
    field = seen[0].field or IGNORED
    words, _hash, place = header.partition("#")
    return {
        "header": header,
        "words": words.replace("/", " › "),
        "place": _("第 %(n)s 处", n=place) if place else "",
        "was": field,
        "field": typed.get(header, field),
        "is_chosen": header in chosen,
        "samples": _samples(seen),
    }


def _samples(seen: list[HeaderSeen]) -> list[str | None]:
    """Return the first three values, of the first table that has any."""
    first = next((column for column in seen if column.samples), None)
    shown = [] if first is None else [shown_sample(first.field, written) for written in first.samples]
    return [None] if shown and not any(shown) else shown
