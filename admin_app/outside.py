"""What the settings of an installation let messages reach, and the words they are written in."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from babel.support import NullTranslations, Translations

from admin_app.config import ROOT, Settings
from workflows.outbox.outside import Outside
from workflows.text import Text


def outside_of(settings: Settings) -> Outside:
    """Return the world as the settings draw it."""
    return Outside(
        site=settings.site,
        private_hosts=frozenset(settings.private_hosts),
        kept=timedelta(days=settings.messages_kept_days),
        say=say_in,
    )


def say_in(words: Text, language: str) -> str:
    """Say words in a person's language, outside any request."""
    return words.render(_catalogue(language).ugettext) if language == "en" else str(words)


@cache
def _catalogue(language: str) -> NullTranslations:
    return Translations.load(ROOT / "admin_app" / "translations", [language])
