"""Reads children's registers in any layout: finds the tables, maps the headings, gives each row its verdict."""

from __future__ import annotations

from workflows.roster.check import check_roster
from workflows.roster.fault import RosterFault
from workflows.roster.grid import Grid, Merge
from workflows.roster.report import Finding, HeaderSeen, RosterReport, TableSeen
from workflows.roster.row import Relative, RosterRow

__all__ = [
    "Finding",
    "Grid",
    "HeaderSeen",
    "Merge",
    "Relative",
    "RosterFault",
    "RosterReport",
    "RosterRow",
    "TableSeen",
    "check_roster",
]
