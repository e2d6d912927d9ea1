"""The screens over tables, a line each."""

from __future__ import annotations

from admin_app.screen import OfficeView
from admin_app.views.appointments import AppointmentScreen
from admin_app.views.children import ChildScreen
from admin_app.views.headings import HeadingScreen
from admin_app.views.places import PlaceScreen
from admin_app.views.records import RecordScreen
from admin_app.views.relatives import RelativeScreen
from admin_app.views.staff import StaffScreen
from admin_app.views.terms import SchoolYearScreen, TermScreen

SCREENS: tuple[type[OfficeView], ...] = (
    ChildScreen,
    RelativeScreen,
    RecordScreen,
    PlaceScreen,
    StaffScreen,
    AppointmentScreen,
    SchoolYearScreen,
    TermScreen,
    HeadingScreen,
)
