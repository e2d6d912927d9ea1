"""Every measurement by its name: the table of contents."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench import contest, engine, many, records, server, web
from bench.data import World
from bench.figure import Figure

MEASUREMENTS: dict[str, Callable[[World], Iterator[Figure]]] = {
    "list": web.list_first,
    "deep": web.list_deep,
    "search": web.search,
    "edit": web.edit,
    "inbox": web.inbox,
    "filing-page": web.filing,
    "transition": engine.transition,
    "bulk": many.bulk,
    "peers-transition": contest.one_transition,
    "peers-bulk": contest.many_cases,
    "import": records.import_rows,
    "filing": records.filing_rate,
    "readers": server.readers,
    "start": server.start,
}
