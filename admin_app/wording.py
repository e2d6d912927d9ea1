"""Says sentences of the program and of definitions in the language of the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from flask import g
from flask_babel import get_domain, get_locale

from workflows.clock import LOCAL
from workflows.engine.vocabulary import Label
from workflows.text import Text


def language() -> str:
    """Return the page's language: `zh` or `en`."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "zh"


def _translate() -> Callable[[str], str]:
    """Return what looks a sentence up in the page's language; it is found once a request, a page says hundreds."""
    found: Callable[[str], str] | None = g.get("translate")
    if found is None:
        found = g.translate = get_domain().get_translations().ugettext
    return found


def translated(sentence: str) -> str:
    """Return a sentence in the page's language."""
    return _translate()(sentence)


def say(words: Text | Label | str | None) -> str:
    """Return words as the page says them; plain text stays, a label that nobody put into English is looked up."""
    if words is None:
        return ""
    if isinstance(words, Text):
        return words.render(_translate())
    if isinstance(words, Label):
        return words.say(language()) if words.en else _translate()(words.zh)
    return words


def say_day(day: date | None) -> str:
    """Return a day as records write it: 2026-11-20."""
    return "" if day is None else day.isoformat()


def say_moment(moment: datetime | None) -> str:
    """Return a moment where the schools are, to the minute: 2026-11-20 09:40."""
    return "" if moment is None else moment.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M")


def say_time(moment: datetime | None) -> str:
    """Return the time of day of a moment: 09:40."""
    return "" if moment is None else moment.astimezone(LOCAL).strftime("%H:%M")


def say_short(moment: datetime | None) -> str:
    """Return the day of a moment as lists write it: 11/20."""
    return "" if moment is None else moment.astimezone(LOCAL).strftime("%m/%d")


def say_short_day(day: date) -> str:
    """Return a day without its year: 11/20."""
    return day.strftime("%m/%d")


def say_seconds(moment: datetime | None) -> str:
    """Return a moment where the schools are, to the second: 2026-11-20 09:40:12."""
    return "" if moment is None else moment.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M:%S")
