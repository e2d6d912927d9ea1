"""The Flask extensions, made once and bound to the application by the factory."""

from __future__ import annotations

from flask_babel import Babel
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from models.base import Base

# Flask-Admin's SQLAlchemy screens want this object; sessions come from models.database, never from here.
holder = SQLAlchemy(metadata=Base.metadata)
csrf = CSRFProtect()
login_manager = LoginManager()
babel = Babel()
