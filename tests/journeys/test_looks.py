"""One site for every eye and hand: English, dark, large letters, no mouse."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.cast import PASSWORD
from tests.journeys.conftest import At
from tests.journeys.person import Person
from tests.journeys.site import Site

pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/inbox/",
    "/inbox/?tab=done",
    "/children/",
    "/cases/",
    "/bulk/",
    "/bulk/choose?workflow=identification",
    "/filing/",
    "/roster/",
    "/places/",
    "/staff/",
    "/terms/",
    "/headings/",
    "/account",
)
CHILD = "林小禾"
TABS = ("care", "card", "changes")
FORMS = (
    "/places/new/",
    "/terms/new/",
    "/school-years/new/",
    "/headings/new/",
    "/account/password",
    "/account/sessions",
)


def test_every_page_of_the_office_stands_in_every_look(at_desk: At, site: Site) -> None:
    """No page grows wider than the window, in large letters neither, in English neither, in the dark neither."""
    child = site.cast.add_child("ZX-2302", CHILD, care_situation="grandparents")
    number = site.cast.open_case(child)
    pages = (*PAGES, f"/children/details/?id={child}", f"/cases/{number}", f"/cases/{number}?tab=diagram")
    forms = (f"/children/edit/?id={child}", *(f"/children/details/?id={child}&tab={tab}" for tab in TABS))
    forms += (f"/children/reveal/?id={child}&field=home_address", f"/cases/{number}/not_left_behind")
    with at_desk("qin") as qin:
        walk(qin, pages, "plain")
        walk(qin, (*FORMS, *forms), "form")
        choose(qin, "深色")
        expect(qin.page.locator("html")).to_have_attribute("data-theme", "dark")
        assert is_dark(qin)
        choose(qin, "大字")
        expect(qin.page.locator("html")).to_have_attribute("data-size", "large")
        open_person_menu(qin).get_by_role("link", name="English").click()
        expect(qin.page.locator("html")).to_have_attribute("lang", "en")
        walk(qin, pages, "english-dark-large")
        qin.opens("/cases/")
        expect(qin.page.locator("#list-region")).to_contain_text("To complete")
        open_person_menu(qin).get_by_role("link", name="中文").click()
        expect(qin.page.locator("html")).to_have_attribute("lang", "zh-CN")


def walk(person: Person, pages: tuple[str, ...], look: str) -> None:
    """Open pages one by one; what is wrong with one is heard on its console."""
    for path in pages:
        person.opens(path)
        if person.is_on_phone:
            person.narrows()
        if "english" in look:
            no_label_is_left_in_chinese(person)
        person.keeps_picture(f"{look}{re.sub('[^a-z]+', '-', path) or '-home'}")


def no_label_is_left_in_chinese(person: Person) -> None:
    """Heads, buttons, tabs and the menu are in English; names of people and places stay as they are."""
    labels = person.page.locator("h2:not(.side-group), th, .btn, .nav-tabs a, .side-item, .empty b").all_inner_texts()
    assert not [label for label in labels if re.search("[一-鿿]", label)], person.page.url


def open_person_menu(person: Person) -> Locator:
    """Open the menu of the own account, where the width puts it; return it."""
    if person.is_on_phone:
        person.page.locator("header a[href='#side']").last.click()
        return person.page.locator(".side-person")
    person.page.locator("details.person > summary").click()
    return person.page.locator("details.person .pop-body")


def choose(person: Person, words: str) -> None:
    """Press one of the looks in the person's menu."""
    open_person_menu(person).get_by_role("button", name=re.compile(words)).click()
    person.page.wait_for_load_state()


def is_dark(person: Person) -> bool:
    """Tell whether the page's ground is dark."""
    ground = person.page.evaluate("getComputedStyle(document.body).backgroundColor")
    return max(int(part) for part in re.findall(r"\d+", ground)[:3]) < 80


def test_logging_in_and_finding_a_child_need_no_mouse(at_desk: At, site: Site) -> None:
    """Keys alone lead from the log-in page to a child."""
    site.cast.add_child("ZX-2302", CHILD)
    with at_desk() as zhou:
        zhou.opens("/login")
        keys = zhou.page.keyboard
        expect(zhou.page.get_by_label("账号")).to_be_focused()
        keys.type("zhou")
        keys.press("Tab")
        keys.type(PASSWORD)
        keys.press("Enter")
        expect(zhou.page.locator("h1")).to_have_text("工作台")
        keys.press("Tab")
        expect(zhou.page.get_by_role("link", name="跳到正文")).to_be_focused()
        zhou.keeps_picture("skip-link")
        find_by_keys(zhou)
        expect(zhou.page.locator("h1")).to_have_text(CHILD)


def find_by_keys(person: Person) -> None:
    """Find a child by the initials of the name: Ctrl+K and the arrows at a desk, the search page on a phone."""
    keys = person.page.keyboard
    if person.is_on_phone:
        person.page.get_by_role("link", name="搜索").focus()
        keys.press("Enter")
        person.page.locator("#main input[name=q]").focus()
        keys.type("lxh")
        keys.press("Enter")
        expect(person.page.locator("#main .todo")).to_contain_text(CHILD)
        person.keeps_picture("search")
        person.page.locator("#main .todo a").first.focus()
        keys.press("Enter")
        return
    keys.press("Control+k")
    expect(person.page.locator("#global-search")).to_be_focused()
    keys.type("lxh")
    expect(person.page.locator("#suggestions")).to_contain_text(CHILD)
    person.keeps_picture("suggestions")
    keys.press("ArrowDown")
    keys.press("Enter")
