"""The table of contents: every screen of the menu, a line each."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _

from workflows.policy import Permission as P


@dataclass(frozen=True)
class Item:
    """A line of the menu: where it leads, what it is called, its icon, group, and the permission it needs."""

    endpoint: str
    label: str
    icon: str
    group: str
    permission: P | None
    is_tab: bool = False  # stands at the bottom of the phone too

    @property
    def is_setup(self) -> bool:
        """Tell whether the screen is for setting up rather than for daily work."""
        return self.endpoint in SETUP


SETUP = frozenset({"roster.index", "turns.index", "places.index_view", "staff.index_view", "audit.index"})

ITEMS = (
    Item("home.index", _("工作台"), "layout-dashboard", "", None, is_tab=True),
    Item("inbox.index", _("待办"), "inbox", "", P.CASE_LIST, is_tab=True),
    Item("children.index_view", _("儿童名册"), "users", _("儿童"), P.CHILD_LIST, is_tab=True),
    Item("records.index_view", _("谈心与家访"), "message-2", _("儿童"), P.RECORD_LIST, is_tab=True),
    Item("focus.index", _("重点帮扶"), "target-arrow", _("儿童"), P.CHILD_EDIT),
    Item("cases.index", _("事项办理"), "clipboard-list", _("儿童"), P.CASE_LIST, is_tab=True),
    Item("filing.index", _("建档率"), "chart-bar", _("统计"), P.REPORT_READ, is_tab=True),
    Item("inspections.index", _("督查"), "clipboard-check", _("监督"), P.INSPECTION_LIST, is_tab=True),
    Item("roster.index", _("导入名册"), "table-import", _("搭建"), P.ROSTER_IMPORT),
    Item("places.index_view", _("组织机构"), "sitemap", _("搭建"), P.PLACE_READ),
    Item("staff.index_view", _("人员岗位"), "id", _("搭建"), P.STAFF_READ),
    Item("terms.index_view", _("学年学期"), "calendar-month", _("搭建"), P.TERM_MANAGE),
    Item("calendar.index", _("校历"), "calendar-event", _("搭建"), P.TERM_MANAGE),
    Item("turns.index", _("学年更替"), "repeat", _("搭建"), P.TURN_MANAGE),
    Item("headings.index_view", _("表头用词"), "book", _("搭建"), P.HEADING_MANAGE),
    Item("channels.index", _("消息渠道"), "send", _("搭建"), P.CHANNEL_MANAGE),
    Item("officers.index", _("三员分设"), "shield-lock", _("搭建"), P.SETTING_MANAGE),
    Item("audit.index", _("审计台"), "shield-check", _("监督"), P.AUDIT_READ, is_tab=True),
)
