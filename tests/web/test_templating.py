"""Templates look for keys first, draw equal tags alike, and need nothing that cannot be made again."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from flask import Flask, render_template_string

from admin_app import templating

WORDS = {"items": "三件", "name": "林小禾"}


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    (tmp_path / "admin_app").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text("{{ row.name }}", encoding="utf-8")
    app = Flask("admin_app", root_path=str(tmp_path / "admin_app"), template_folder=str(tmp_path / "templates"))
    templating.bind(app)
    return app


def test_a_key_goes_before_a_method_of_the_same_name(app: Flask) -> None:
    with app.app_context():
        assert render_template_string("{{ row.items }} {{ row.get('name') }}", row=WORDS) == "三件 林小禾"
        assert render_template_string("[{{ row.absent }}]{{ row.absent is defined }}", row=WORDS) == "[]False"


def test_a_compiled_template_is_kept_and_made_anew_when_its_source_changes(app: Flask) -> None:
    template = Path(str(app.template_folder)) / "page.html"
    assert app.jinja_env.get_template("page.html").render(row=WORDS) == "林小禾"
    assert [path.suffix for path in (template.parent / "__pycache__").iterdir()] == [".cache"]
    template.write_text("{{ row.items }}", encoding="utf-8")
    templating.bind(app)
    app.jinja_env.cache.clear()  # type: ignore[union-attr]
    assert app.jinja_env.get_template("page.html").render(row=WORDS) == "三件"


def test_a_page_comes_also_when_nothing_can_be_kept(app: Flask) -> None:
    shutil.rmtree(Path(str(app.template_folder)) / "__pycache__")
    assert app.jinja_env.get_template("page.html").render(row=WORDS) == "林小禾"


def test_equal_tags_of_a_table_are_drawn_alike_and_others_are_not(app: Flask) -> None:
    tables = Path(__file__).resolve().parents[2] / "templates"
    shutil.copytree(tables / "parts", Path(str(app.template_folder)) / "parts")
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.globals.update(static_url=str, gettext=str, _=str)
    cells = [
        {"kind": "tag", "tag_kind": "ok", "value": "已建档"},
        {"kind": "tag", "tag_kind": "ok", "value": "已建档"},
        {"kind": "tag", "tag_kind": "bad", "value": "已建档"},
        {"kind": "tag", "tag_kind": "ok", "value": "<b>"},
        {"kind": "empty", "value": "无电话"},
        {"kind": "text", "value": "<i>", "sub": "x"},
        {"kind": "heat", "value": "5", "level": 3},
    ]
    columns = [{"key": str(n), "label": f"列{n}"} for n in range(len(cells) + 1)]
    rows = [{"id": "1", "url": "/1", "cells": [{"kind": "text", "value": "林"}, *cells]}]
    source = "{% import 'parts/tables.html' as t %}{{ t.table(columns, rows) }}"
    with app.app_context():
        drawn = re.findall(r"<td.*?</td>", render_template_string(source, columns=columns, rows=rows))
    bodies = [re.sub(r"^<td[^>]*>|</td>$", "", cell) for cell in drawn]
    assert bodies[0] == '<a href="/1">林</a>'
    assert bodies[1] == bodies[2] != bodies[3]
    assert "tag-bad" in bodies[3]
    assert "&lt;b&gt;" in bodies[4]
    assert 'is-void"' in drawn[5]
    assert bodies[6] == '&lt;i&gt;<span class="sub">x</span>'
    assert "heat-3" in drawn[7]
    assert 'data-label="列7"' in drawn[7]
