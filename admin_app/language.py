"""Chinese first, English by choice: the language of a page and the filters that say words in it."""

from __future__ import annotations

from flask import Flask, request, session
from flask_babel import ngettext

from admin_app import wording
from admin_app.desk import current_actor
from admin_app.extensions import babel

LANGUAGES = {"zh": "zh_Hans", "en": "en"}


def chosen() -> str:
    """Return the language of this request: the person's, else the browser session's, else Chinese."""
    preferred = current_actor().preferences.get("language") or session.get("language", "zh")
    return preferred if preferred in LANGUAGES else "zh"


def bind(app: Flask) -> None:
    """Set up translations and the filters `say`, `day`, `moment`, `short`."""
    app.config.update(BABEL_DEFAULT_LOCALE="zh_Hans", BABEL_DEFAULT_TIMEZONE="Asia/Shanghai")
    babel.init_app(app, locale_selector=lambda: LANGUAGES[chosen() if request else "zh"])
    # The extension's own look-up finds the language anew for every word of a page.
    app.jinja_env.install_gettext_callables(wording.translated, ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.filters.update(
        say=wording.say, day=wording.say_day, moment=wording.say_moment, short=wording.say_short
    )
