"""The floor: a state and trail rows by prepared statements, nothing between them and the database's driver.

The guard is a condition of the UPDATE. Options give the lengths of the rows that the program writes for a case, which
the floor then writes as well, instead of one short row.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from serving import CONFIRMED, OPEN, WHO, Peer, Refused, serve, situation_of
from store import Store

TABLES = (
    "CREATE TABLE peer_case (id BIGINT PRIMARY KEY, situation TEXT NOT NULL, state TEXT NOT NULL)",
    "CREATE TABLE peer_trail (id BIGINT PRIMARY KEY, body TEXT NOT NULL)",
)
SHORT = len(f"case, accept, open, confirmed, {WHO}, 2027-02-27 09:40:00")
INSERT_CASE, INSERT_TRAIL = "INSERT INTO peer_case VALUES (?, ?, ?)", "INSERT INTO peer_trail VALUES (?, ?)"
MOVE = "UPDATE peer_case SET state = ? WHERE id = ? AND state = ? AND situation <> ''"


class Floor(Peer):
    """Statements written by hand."""

    def __init__(self) -> None:
        self.store, self.bodies, self.last = Store(), {"open": ["x" * SHORT], "move": ["x" * SHORT]}, 0

    def lay(self, options: dict[str, Any]) -> None:
        """Make the two tables."""
        self.bodies |= {step: ["x" * length for length in lengths] for step, lengths in options.items()}
        for table in TABLES:
            self.store.run(table)

    def open(self, numbers: range, together: bool) -> None:
        """Insert cases and their rows, with executemany where they are written together."""
        if not together:
            for number in numbers:
                self.open(range(number, number + 1), together=True)
            return
        with self.store.transaction():
            self.store.run_many(INSERT_CASE, [(n, situation_of(n), OPEN) for n in numbers])
            self._keep_trail(self.bodies["open"] * len(numbers))

    def move(self, numbers: range, together: bool) -> None:
        """Update cases and insert their rows."""
        with self.store.transaction() if together else nullcontext():
            for number in numbers:
                with nullcontext() if together else self.store.transaction():
                    if not self.store.run(MOVE, (CONFIRMED, number, OPEN)).rowcount:
                        raise Refused(number)
                    if not together:
                        self._keep_trail(self.bodies["move"])
            if together:
                self._keep_trail(self.bodies["move"] * len(numbers))

    def count(self) -> dict[str, int]:
        """Count both tables."""
        return {
            "cases": self.store.number("SELECT count(*) FROM peer_case"),
            "moved": self.store.number("SELECT count(*) FROM peer_case WHERE state = ?", (CONFIRMED,)),
            "trail": self.store.number("SELECT count(*) FROM peer_trail"),
        }

    def _keep_trail(self, bodies: list[str]) -> None:
        rows = list(enumerate(bodies, self.last + 1))
        self.last += len(rows)
        if len(rows) == 1:
            self.store.run(INSERT_TRAIL, rows[0])
        else:
            self.store.run_many(INSERT_TRAIL, rows)


if __name__ == "__main__":
    serve(Floor())
