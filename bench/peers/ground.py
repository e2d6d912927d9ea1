"""Sets Django up on the peer's own database; a peer imports this before it declares its models."""

from __future__ import annotations

import sys
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, models
from store import DATABASE, IS_SQLITE, PRAGMAS

COMMON = ("django.contrib.contenttypes", "django.contrib.auth")
APPS = {"fsm_auditlog": ("auditlog",), "with_viewflow": ("viewflow", "viewflow.workflow", "viewflow_app")}


def _connection() -> dict[str, object]:
    if IS_SQLITE:
        # An immediate transaction waits for its turn, as the program's do; Django's own default can fail at once.
        options = {"transaction_mode": "IMMEDIATE", "init_command": ";".join(PRAGMAS), "timeout": 15}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE["file"], "OPTIONS": options}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": DATABASE["dbname"],
        "HOST": DATABASE["host"] or "",
        "PORT": DATABASE["port"] or "",
        "USER": DATABASE["user"] or "",
        "PASSWORD": DATABASE["password"] or "",
        "OPTIONS": {"options": f"-c search_path={DATABASE['schema']}"},
    }


settings.configure(
    DATABASES={"default": _connection()},
    INSTALLED_APPS=[*COMMON, *APPS.get(Path(sys.argv[0]).stem, ())],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()


def lay(*own: type[models.Model]) -> None:
    """Migrate what the installed packages bring, and make the peer's own tables."""
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        for model in own:
            editor.create_model(model)


def user(name: str) -> models.Model:
    """Make the person who acts."""
    return apps.get_model("auth", "User").objects.create(username=name)
