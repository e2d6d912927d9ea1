"""What one running site works with: its database, clock and settings."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app
from sqlalchemy.orm import Session

from admin_app.config import Settings
from models.database import Database
from workflows.clock import Clock
from workflows.operations.setting import policy_in_force
from workflows.policy import Policy


@dataclass(frozen=True)
class Office:
    """The site's database, clock and settings."""

    database: Database
    clock: Clock
    settings: Settings

    def policy(self, session: Session) -> Policy:
        """Return the matrix in force, with the officers separate or not as the installation has it."""
        return policy_in_force(session)


def current_office() -> Office:
    """Return the office of the running application."""
    office: Office = current_app.extensions["shouwang"]
    return office
