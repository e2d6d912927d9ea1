"""How a new teacher comes in: an account, a first password on a slip, a second officer, a password of their own."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import At
from tests.journeys.person import Person
from tests.journeys.site import Site

pytestmark = pytest.mark.browser

LOGIN, NAME, OWN_PASSWORD = "lu", "陆一鸣", "qing-shan-yi-jiu-zai"


def test_a_new_teacher_comes_in_through_two_officers_and_a_password_of_their_own(at_desk: At, site: Site) -> None:
    """Neither officer can let anybody in alone, and nobody keeps the first password."""
    with at_desk("sys") as officer:
        first_password = make_the_account(officer)
    with at_desk() as teacher:
        be_kept_out(teacher, first_password)
    with at_desk("sec") as security:
        let_the_teacher_in(security)
        appoint_the_teacher(security)
    with at_desk() as teacher:
        choose_a_password(teacher, first_password)
        teacher.opens("/")
        teacher.sees("四（1）班")
        teacher.keeps_picture("first-home")


def make_the_account(officer: Person) -> str:
    """Return the first password, which stands on the slip and nowhere after."""
    officer.keeps_picture("officer-home")
    officer.opens("/staff/")
    officer.keeps_picture("staff")
    officer.follows("新建账号")
    officer.page.get_by_label("姓名").fill(NAME)
    officer.page.get_by_label("账号").fill(LOGIN)
    officer.page.get_by_label("单位").fill("ZX 柳溪镇中心小学")
    officer.keeps_picture("new-account")
    officer.presses("保存", officer.page.get_by_role("toolbar"))
    officer.sees("只显示这一次", NAME)
    officer.keeps_picture("slip")
    password = officer.page.locator(".slip-password").inner_text()
    officer.opens("/staff/")
    officer.sees_nothing_of(password)
    officer.follows(NAME)
    expect(officer.page.get_by_text("启用", exact=True)).to_have_count(0)  # that is the other officer's part
    officer.keeps_picture("account-made")
    return password


def be_kept_out(teacher: Person, password: str) -> None:
    """An account that was not let in yet is told so, and keeps what was typed but the password."""
    teacher.opens("/login")
    teacher.page.get_by_label("账号").fill(LOGIN)
    teacher.page.get_by_label("密码").fill(password)
    teacher.presses("登录")
    expect(teacher.page.get_by_role("alert")).to_contain_text("还没有启用")
    expect(teacher.page.get_by_label("账号")).to_have_value(LOGIN)
    expect(teacher.page.get_by_label("密码")).to_have_value("")
    teacher.keeps_picture("log-in-refused")


def let_the_teacher_in(security: Person) -> None:
    """The security officer activates the account."""
    security.opens("/staff/")
    security.follows(NAME)
    security.presses("启用", security.page.locator("#main"))
    security.sees("已启用")
    security.keeps_picture("activated")


def appoint_the_teacher(security: Person) -> None:
    """The security officer gives the post, the class found by its name."""
    security.opens("/staff/")
    security.follows(NAME)
    security.follows("任命")
    security.page.get_by_label("岗位").select_option(label="班主任")
    security.page.get_by_label("单位").press_sequentially("四（1）")
    option = security.page.locator("datalist option").first
    expect(option).to_have_attribute("value", re.compile("ZX-2301"))
    security.page.get_by_label("单位").fill(option.get_attribute("value") or "")
    security.keeps_picture("appoint")
    security.presses("保存", security.page.get_by_role("toolbar"))
    security.sees("班主任")
    security.keeps_picture("appointed")


def choose_a_password(teacher: Person, first_password: str) -> None:
    """The first log-in leads nowhere but to a new password, and a common one is refused."""
    teacher.logs_in(LOGIN, first_password)
    expect(teacher.page.locator("h1")).to_have_text("设置新密码")
    teacher.page.goto("/children/")
    expect(teacher.page.locator("h1")).to_have_text("设置新密码")
    teacher.page.get_by_label("新密码").fill("password123")
    teacher.page.get_by_label("再输一次").fill("password123")
    teacher.presses("保存新密码")
    expect(teacher.page.locator(".field-error")).to_be_visible()
    teacher.keeps_picture("password-refused")
    teacher.page.get_by_label("新密码").fill(OWN_PASSWORD)
    teacher.page.get_by_label("再输一次").fill(OWN_PASSWORD)
    teacher.presses("保存新密码")
    teacher.sees("密码已修改")
