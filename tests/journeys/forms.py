"""Takes the steps of a case as a person does: finds the verb, fills in the questions by their keys, sends the form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Locator, expect

from tests.journeys.person import Person


def fills_in(form: Locator, answers: Mapping[str, Any]) -> None:
    """Fill in questions by their keys, whatever they look like."""
    for key, answer in answers.items():
        if isinstance(answer, list) and isinstance(answer[0], dict):
            for number, row in enumerate(answer):
                fills_in(form, {f"{key}-{number}-{column}": value for column, value in row.items()})
            continue
        asked = form.locator(f"[name='{key}']")
        kind = asked.first.evaluate("e => e.tagName === 'SELECT' ? 'select' : e.type")
        if kind in ("radio", "checkbox"):
            for value in answer if isinstance(answer, list) else [answer]:
                form.locator(f"[name='{key}'][value='{value}']").check(force=True)
        elif kind == "select":
            asked.select_option(answer)
        elif kind == "file":
            asked.set_input_files(answer)
        else:
            asked.fill(answer)


def begins(person: Person, child: int, words: str, answers: Mapping[str, Any]) -> str:
    """Begin a case on a child's page; returns its number."""
    person.opens(f"/children/details/?id={child}")
    person.page.locator("#main, main").get_by_text("发起事项", exact=True).first.click()
    person.page.get_by_role("link", name=words, exact=True).click()
    person.page.wait_for_load_state()
    fills_in(person.page.locator("#office-form"), answers)
    person.keeps_picture("opening")
    person.presses("发起", person.page.get_by_role("toolbar"))
    person.page.wait_for_url("**/cases/*")
    return person.page.url.rsplit("/", 1)[-1]


def steps(person: Person, words: str, answers: Mapping[str, Any]) -> None:
    """Take a step from the bar of a case's page, behind 更多 where it stands there, and send its form."""
    bar = person.page.get_by_role("toolbar")
    found = bar.get_by_role("link", name=words, exact=True).locator("visible=true")
    if found.count() == 0:
        bar.get_by_text("更多").locator("visible=true").click()
    found.first.click()
    person.page.wait_for_load_state()
    fills_in(person.page.locator("#office-form"), answers)
    person.keeps_picture("step")
    bar = person.page.get_by_role("toolbar")
    bar.locator("button.btn-primary, button.btn-bad").first.click()
    person.page.wait_for_url("**/cases/*")
    expect(person.page.locator("#office-form")).to_have_count(0)


def says_of_time(person: Person, *limits: tuple[str, str, str]) -> None:
    """Expect what a case's page says of limits: of each its words, the moment it is due, and what became of it."""
    for label, due, tag in limits:
        line = person.page.locator(".clocks > li", has_text=label)
        expect(line).to_contain_text(f"期限 {due}")
        expect(line).to_contain_text(tag)
