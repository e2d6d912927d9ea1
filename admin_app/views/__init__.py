"""Every screen family, a line each."""

from __future__ import annotations

from flask import Flask

from admin_app.screen import mount
from admin_app.views import (
    account,
    attachments,
    audit,
    bulk,
    calendar,
    case_opening,
    case_parts,
    cases,
    channels,
    class_move,
    deputies,
    entry,
    filing,
    focus,
    health,
    home,
    inbox,
    inspections,
    leaving,
    lists,
    notices,
    officers,
    papers,
    roster,
    search,
    turns,
    verbs,
)
from admin_app.views.screens import SCREENS


def register_views(app: Flask) -> None:
    """Put every screen family under its address."""
    health.measure(app)
    families = (
        health,
        account,
        audit,
        calendar,
        home,
        inbox,
        search,
        cases,
        case_opening,
        case_parts,
        bulk,
        entry,
        attachments,
        filing,
        focus,
        inspections,
        roster,
        officers,
        channels,
        papers,
        lists,
        notices,
        turns,
        class_move,
        leaving,
        verbs,
        deputies,
    )
    for family in families:
        app.register_blueprint(family.bp)
    mount(app, SCREENS)
