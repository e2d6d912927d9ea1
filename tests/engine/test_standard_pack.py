"""The definitions shipped with the product: sound, and saying what the rules of the work say."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from workflows.engine.catalogue import standard_catalogue
from workflows.engine.check_workflow import transition_offers
from workflows.engine.definition import Workflow, canonical
from workflows.engine.expression import Expression, compile_condition
from workflows.engine.loader import load_files, load_pack, read_definition

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


def test_the_pack_is_sound() -> None:
    pack = load_pack()
    assert [str(problem) for problem in pack.problems] == []
    assert {"identification"} <= set(pack.workflows)
    assert {"child_file", "send_back", "not_left_behind"} <= set(pack.forms)


def test_every_definition_keeps_its_meaning_through_its_canonical_form() -> None:
    pack = load_pack()
    for definition in [*pack.workflows.values(), *pack.forms.values()]:
        assert type(definition).model_validate_json(canonical(definition)) == definition


def test_texts_are_kept_as_written_for_publishing() -> None:
    pack = load_pack()
    kept = {"workflow": pack.workflows, "form": pack.forms, "selection": pack.selections}
    for (kind, key), written in pack.texts.items():
        loaded = read_definition(written, "again.yaml")
        assert loaded.definition == kept[kind][key]


def test_a_child_is_filed_by_the_office_after_the_class_teacher_has_confirmed() -> None:
    identification = load_pack().workflows["identification"]
    assert identification.per == "term"
    assert identification.one_open_per_subject
    assert identification.start == "open"
    ways = {key: (t.source, t.target, [str(who) for who in t.by]) for key, t in identification.transitions.items()}
    assert ways == {
        "complete": (("open", "returned"), "confirmed", ["class_teacher"]),
        "file": (("confirmed",), "filed", ["office"]),
        "send_back": (("confirmed",), "returned", ["office"]),
        "not_left_behind": (("open", "confirmed", "returned"), "not_left_behind", ["office"]),
        "lapse": (("open", "confirmed", "returned"), "lapsed", ["office"]),
    }
    assert identification.transitions["send_back"].require == ("reason",)
    assert identification.transitions["not_left_behind"].require == ("reason",)


def test_filing_is_refused_with_the_parts_that_are_missing() -> None:
    identification = load_pack().workflows["identification"]
    guard = guard_of(identification, "file")
    facts = {"child.care_situation": "grandparents", "child.absence_since": date(2025, 2, 20)}
    assert not guard.holds(facts, NOW)
    assert [str(part) for part in guard.unmet(facts, NOW)] == ["监护人电话已填写"]
    assert guard.holds({**facts, "guardian.phone": "13800000000"}, NOW)


def test_a_child_without_absent_parents_needs_no_start_of_absence() -> None:
    guard = guard_of(load_pack().workflows["identification"], "file")
    assert guard.holds({"child.care_situation": "single_or_orphan", "guardian.phone": "13800000000"}, NOW)


def test_a_definition_twice_in_a_pack_is_found(tmp_path: Path) -> None:
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text(
            "form: a\ntitle: {zh: 甲}\nfields: [{key: b, type: text, label: {zh: 乙}}]\n", "utf-8"
        )
    problems = load_files(sorted(tmp_path.glob("*.yaml")), standard_catalogue()).problems
    assert [(Path(p.file).name, p.line, p.column, p.code) for p in problems] == [
        ("two.yaml", 1, 7, "duplicate_definition")
    ]


def guard_of(workflow: Workflow, transition: str) -> Expression:
    definition = workflow.transitions[transition]
    catalogue = standard_catalogue(load_pack().forms)
    assert definition.when is not None
    return compile_condition(definition.when, transition_offers(workflow, definition, catalogue))
