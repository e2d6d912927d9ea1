"""The environment of the templates: in a dictionary it looks for a key first; it walks columns and cells together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from flask import Flask
from flask.templating import Environment
from jinja2.bccache import Bucket, FileSystemBytecodeCache

_ABSENT = object()


class OfficeEnvironment(Environment):
    """Pages are drawn from dictionaries, and to miss an attribute first costs more than the rest of the drawing."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return the key of a dictionary, else the attribute, else the item, else undefined."""
        if type(obj) is dict:
            if attribute in obj:
                return obj[attribute]
            found = getattr(obj, attribute, _ABSENT)
            return self.undefined(obj=obj, name=attribute) if found is _ABSENT else found
        return super().getattr(obj, attribute)


class CompiledTemplates(FileSystemBytecodeCache):
    """Compiled templates beside the templates, as Python keeps modules: known by the digest of their source."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template; a full disk or one that may only be read costs time, never the page."""
        try:
            super().dump_bytecode(bucket)
        except OSError:
            return


def _kept_in(folder: Path) -> CompiledTemplates | None:
    """Return where compiled templates are kept, None where the installation may only be read."""
    kept = folder / "__pycache__"
    if not kept.is_dir() and os.access(folder, os.W_OK):
        kept.mkdir(mode=0o755, exist_ok=True)
    return CompiledTemplates(str(kept)) if os.access(kept, os.W_OK) else None


def bind(app: Flask) -> None:
    """Draw the site's templates in it; to be called before anything asks for the environment."""
    app.jinja_environment = OfficeEnvironment
    app.jinja_env.globals["zip"] = zip
    app.jinja_env.bytecode_cache = _kept_in(Path(app.root_path).parent / str(app.template_folder))
