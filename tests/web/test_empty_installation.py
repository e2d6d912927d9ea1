"""A site in its first hour, where the lists that a form chooses from are still empty."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import delete

from admin_app.office import Office
from models.school_year import SchoolYear, Term
from models.scope import system_scope
from tests.web.browser import ClientOf


def test_a_term_can_be_asked_for_before_there_is_a_school_year(site: Flask, client_of: ClientOf) -> None:
    office: Office = site.extensions["shouwang"]
    with office.database.transaction(system_scope("tests")) as session:
        session.execute(delete(Term))
        session.execute(delete(SchoolYear))
    answer = client_of("sys").get("/terms/new/")
    assert answer.status_code == 200
    assert "学年" in answer.text
