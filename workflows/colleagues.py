"""Whom a case may be passed on or sent to: the people who handle cases where it stands."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from models.case import Case
from models.reports.parts import holders
from workflows.actor import PAIRED
from workflows.policy import Permission, Policy


def colleagues(everything: Session, case: Case, policy: Policy, day: date) -> dict[int, str]:
    """Return by number and name who handles cases at the place of a case or above it; a system scope is needed."""
    roles = [role for role in policy.roles if policy.allows(role, Permission.CASE_ACT) and role not in PAIRED]
    found = holders(everything, roles, case.level_codes, day)
    return {staff.id: staff.name for staff, post in found if _reads(policy, post.role)}


def _reads(policy: Policy, role: str) -> bool:
    return policy.allows(role, Permission.CASE_READ)
