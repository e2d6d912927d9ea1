"""The documents lead somewhere: links hold, every guide exists in both languages, no decision is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workflows.engine.catalogue import standard_catalogue
from workflows.engine.definition import Form
from workflows.engine.loader import load_definition, load_pack

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_guide_exists_in_both_languages() -> None:
    guides = {path.name for path in (ROOT / "docs" / "how-to").iterdir()}
    english = {name for name in guides if not name.endswith(".zh-CN.md")}
    assert guides == english | {name.removesuffix(".md") + ".zh-CN.md" for name in english}


def test_every_decision_stands_in_the_list() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = LINK.findall((folder / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(path.name for path in folder.glob("[0-9]*.md"))


def test_the_picture_is_light() -> None:
    assert (ROOT / "docs" / "pictures" / "office-home.png").stat().st_size < 200_000


def test_the_workflow_that_the_guide_writes_can_be_published() -> None:
    pages = [ROOT / "docs" / "how-to" / f"writing-workflows{tongue}.md" for tongue in ("", ".zh-CN")]
    english, chinese = (re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.S) for page in pages)
    assert english == chinese
    *forms, workflow = english
    catalogue = standard_catalogue(load_pack().forms)
    asked = [load_definition(form, "form.yaml", catalogue) for form in forms]
    known = {one.definition.key: one.definition for one in asked if isinstance(one.definition, Form)}
    assert len(known) == len(forms) == 2
    assert set(known) == {"lunch_request", "lunch_check"}
    written = load_definition(workflow, "lunch_aid.yaml", catalogue.with_forms(known))
    assert [problem for one in (*asked, written) for problem in one.problems] == []
