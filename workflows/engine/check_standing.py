"""Checks what a workflow says of participants, uniqueness, quotas and key facts."""

from __future__ import annotations

from collections.abc import Mapping

from workflows.engine.catalogue import Catalogue
from workflows.engine.checks import Findings
from workflows.engine.definition import FormField, Workflow
from workflows.engine.expression import Offer
from workflows.engine.form import CHOSEN_AT_HAND, field_offers
from workflows.engine.standing import OPENER, PLACES, SUBJECT
from workflows.text import text


def all_fields(workflow: Workflow, findings: Findings) -> dict[str, FormField]:
    """Return the fields of every form of a workflow by key; a later form's field stands for an earlier one's."""
    forms = (findings.catalogue.forms.get(key) for key in workflow.form_keys())
    return {field.key: field for form in forms if form is not None for field in form.fields}


def check_standing(workflow: Workflow, findings: Findings) -> None:
    """Note what names a field, role, relation or level that does not exist."""
    fields = all_fields(workflow, findings)
    _check_participants(workflow, fields, findings)
    for index, rule in enumerate(workflow.unique):
        for at, key in enumerate(rule.of):
            if key != SUBJECT and key not in fields:
                findings.unknown(("unique", index, "of", at), "unknown_field", text("字段"), key, {*fields, SUBJECT})
        if rule.unless is not None:
            findings.condition(("unique", index, "unless"), rule.unless, case_offers(workflow, findings.catalogue))
    for index, quota in enumerate(workflow.quota):
        if quota.per not in PLACES and quota.per not in workflow.participants:
            known = {*PLACES, *workflow.participants}
            findings.unknown(("quota", index, "per"), "unknown_relation", text("层级或关系"), quota.per, known)
        if quota.override is not None and quota.override not in fields:
            findings.unknown(("quota", index, "override"), "unknown_field", text("字段"), quota.override, fields)
    for index, key in enumerate(workflow.key_facts):
        if key not in fields:
            findings.unknown(("key_facts", index), "unknown_field", text("字段"), key, fields)


def _check_participants(workflow: Workflow, fields: Mapping[str, FormField], findings: Findings) -> None:
    roles = findings.catalogue.roles
    for relation, rule in workflow.participants.items():
        path = ("participants", relation)
        source = fields.get(rule.source)
        if rule.source != OPENER and source is None:
            findings.unknown((*path, "from"), "unknown_field", text("字段"), rule.source, {*fields, OPENER})
        elif source is not None and source.type not in CHOSEN_AT_HAND:
            message = text("{field} 不是人员或单位字段", field=rule.source)
            findings.add((*path, "from"), "not_a_person", message)
        for name, role in (("as", rule.works_as), ("holders", rule.holders)):
            if role is not None and role not in roles:
                findings.unknown((*path, name), "unknown_role", text("角色"), role, roles)
        if (source is not None and source.type == "place") is not (rule.holders is not None):
            findings.add(path, "misplaced", text("holders 与单位字段同用"), at_key=True)


def case_offers(workflow: Workflow, catalogue: Catalogue) -> dict[str, Offer]:
    """List what conditions may read of a case and its subject: `case.` and each form's field, the subject's facts."""
    offers: dict[str, Offer] = {}
    for key in workflow.form_keys():
        if key in catalogue.forms:
            offers |= field_offers(catalogue.forms[key], catalogue.code_lists, prefix="case.")
    return offers | dict(catalogue.subjects[workflow.subject])
