"""Puts backups and restorations on record, and tells whether a restored trail is as it was written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from models.audit import AuditEvent
from models.database import Database
from models.scope import system_scope
from models.vault import Keystore, Vault
from workflows import audit
from workflows.actor import Actor
from workflows.audit import Happening
from workflows.transaction import Origin, describe

MADE, RESTORED = "backup.made", "backup.restored"
_WHO = describe(Actor.of_system("backup"), None, Origin("command"))


def record_backup(database: Database, facts: dict[str, Any], at: datetime) -> None:
    """Put a finished backup on record: its file name, digest, rows and whether the keys are inside."""
    with database.transaction(system_scope("backup"), kind="audit") as session:
        audit.write(session, [Happening(MADE, "backup", facts=facts)], _WHO, at)


def record_restoration(connection: Connection, keystore: Keystore, facts: dict[str, Any], at: datetime) -> None:
    """Put a restoration on record inside its own transaction: from which backup, up to which number of the trail."""
    info = {"vault": Vault(keystore)}
    with Session(connection, join_transaction_mode="create_savepoint", info=info) as session, session.begin():
        audit.write(session, [Happening(RESTORED, "backup", facts=facts)], _WHO, at)


def last_backup(database: Database) -> datetime | None:
    """Return when a backup was last made, or this database made from one; None when never."""
    query = select(func.max(AuditEvent.at)).where(AuditEvent.action.in_((MADE, RESTORED)))
    with database.session(system_scope("backup"), kind="audit") as session:
        return session.scalar(query)


@dataclass
class TrailCheck:
    """Looks at every event of a trail that is being restored; `first_changed` is the first that is not as written."""

    keystore: Keystore
    events: int = 0
    changed: int = 0
    first_changed: int | None = None
    last: int | None = None

    def __post_init__(self) -> None:
        self._session = Session(info={"vault": Vault(self.keystore)})

    def __call__(self, table: str, row: dict[str, Any]) -> None:
        """Count one row, if it is an event."""
        if table != AuditEvent.__tablename__:
            return
        self.events += 1
        self.last = row["id"]
        if not audit.is_genuine(self._session, _event(row)):
            self.changed += 1
            self.first_changed = self.first_changed or row["id"]


def _event(row: dict[str, Any]) -> AuditEvent:
    known = {column.key for column in AuditEvent.__table__.columns}
    event = AuditEvent(**{name: value for name, value in row.items() if name in known and name != "at"})
    event.at = datetime.fromisoformat(row["at"] + "+00:00")
    return event
