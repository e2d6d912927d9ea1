"""Checks what a workflow says of paper: every form, answer and fact it prints exists."""

from __future__ import annotations

from workflows.engine.check_standing import all_fields
from workflows.engine.checks import Findings
from workflows.engine.definition import Workflow
from workflows.engine.document import Path
from workflows.engine.paper import PaperPart
from workflows.text import text


def check_papers(workflow: Workflow, findings: Findings) -> None:
    """Note what a paper names that does not exist, and parts that say nothing or too much."""
    answers = all_fields(workflow, findings)
    subject = findings.catalogue.subjects[workflow.subject]
    facts = {*answers, *(name for name in subject if not name.startswith("case."))}
    for key, paper in workflow.papers.items():
        path = ("papers", key)
        for index, name in enumerate(paper.facts):
            if name not in facts:
                findings.unknown((*path, "facts", index), "unknown_field", text("字段"), name, facts)
        for index, part in enumerate(paper.parts):
            _check_part((*path, "parts", index), part, workflow, set(answers), findings)


def _check_part(path: Path, part: PaperPart, workflow: Workflow, answers: set[str], findings: Findings) -> None:
    if sum(map(bool, (part.form, part.fields, part.says, part.trail))) != 1:
        findings.add(path, "bad_paper_part", text("form、fields、says、trail 要写且只写一个"))
    if (part.each or part.blank) and not part.form:
        findings.add(path, "misplaced", text("each 和 blank 与 form 同用"))
    forms = workflow.form_keys()
    for index, key in enumerate(part.form):
        if key not in forms:
            findings.unknown((*path, "form", index), "unknown_form", text("表单"), key, forms)
    for index, name in enumerate(part.fields):
        if name not in answers:
            findings.unknown((*path, "fields", index), "unknown_field", text("字段"), name, answers)
