"""Fills an empty database with a demonstration of one size, and remembers that it is one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlalchemy import select

from admin_app.demo.bulk import fill_region
from admin_app.demo.region import RegionSize
from admin_app.demo.school import fill_school
from models.database import Database
from models.scope import system_scope
from models.setting import Setting
from models.staff import Staff

KEY = "demo.size"
BEGUN = "begun"
SIZES = ("school", "county", "city")


class NotForDemo(RuntimeError):
    """The database holds something that is no demonstration, or one that was broken off."""


def demo_size(database: Database) -> str | None:
    """Return the size of the demonstration in a migrated database, None in an empty one.

    Raises NotForDemo for a database that somebody works with, so that nobody's password is drawn anew by mistake.
    """
    with database.session(system_scope("demo")) as session:
        setting = session.get(Setting, KEY)
        if setting is not None and setting.value == BEGUN:
            raise NotForDemo("上次填充演示数据时中断，请删去这个数据库后再试")
        if setting is None and session.scalar(select(Staff.id).limit(1)) is not None:
            raise NotForDemo("这个数据库里已有正式数据，不能用作演示；请用 --database 另选一个")
        return None if setting is None else setting.value


def fill(database: Database, size: str, as_of: date, tell: Callable[[str], None] = lambda line: None) -> None:
    """Fill an empty, migrated database; `size` is school, county or city. `tell` is given a line at each step."""
    _remember(database, BEGUN)
    tell("正在填入柳溪镇中心小学和两所邻校一年的工作……")
    fill_school(database, as_of)
    if size != "school":
        region = RegionSize.named(size)
        tell(f"正在填入 {region.townships} 个乡镇、{region.schools:,} 所学校、{region.children:,} 名儿童……")
        fill_region(database, as_of, region)
    _remember(database, size)


def _remember(database: Database, value: str) -> None:
    with database.transaction(system_scope("demo")) as session:
        session.merge(Setting(key=KEY, value=value))
