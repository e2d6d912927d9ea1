"""Puts the parts of the site together."""

from __future__ import annotations

from flask import Flask

from admin_app import desk, errors, extensions, language, login, security, shell, static_files, templating
from admin_app.config import ROOT, Settings, check_rooms
from admin_app.office import Office
from admin_app.views import register_views
from models.database import Database
from models.vault import Keystore
from workflows.clock import Clock, system_clock


def create_app(settings: Settings, *, clock: Clock = system_clock) -> Flask:
    """Return the site for an installation; raises SettingsFault or KeysMissing when it cannot run."""
    check_rooms()
    app = Flask("admin_app", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "admin_app" / "static"))
    templating.bind(app)
    keystore = Keystore.load(settings.keys)
    app.extensions["shouwang"] = Office(Database(settings.database, keystore), clock, settings)
    security.bind(app, settings, keystore)
    extensions.csrf.init_app(app)
    language.bind(app)
    desk.bind(app)
    login.bind(app)
    static_files.bind(app)
    shell.bind(app)
    errors.bind(app)
    register_views(app)
    return app
