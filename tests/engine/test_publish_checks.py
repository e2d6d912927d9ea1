"""What keeps a definition from being published, each with the exact place in the file; « marks that place."""

from __future__ import annotations

import os
import sys

import pytest

from workflows.engine.catalogue import Catalogue, standard_catalogue
from workflows.engine.definition import Form, Workflow
from workflows.engine.loader import Loaded, load_definition, load_pack, read_definition

WORKFLOW = """\
workflow: aid_request
title: {zh: 资助申请, en: Aid request}
prefix: ZZ
subject: child
open: {by: [class_teacher], form: child_file, require: [care_situation]}
states:
  draft: {label: {zh: 拟定}, kind: start}
  review: {label: {zh: 审核}, tasks: {who: [office@school]}, deadline: {after: 5 workdays, at: [{80%: remind}]}}
  paid: {label: {zh: 已发放}, kind: end}
transitions:
  submit: {from: draft, to: review, by: [class_teacher], form: child_file, when: "child.risk == 'high'"}
  pay: {from: review, to: paid, by: [office], require: [opinion]}
"""

EVERY_SHAPE = """\
workflow: sample_plan
title: {zh: 样例方案}
prefix: YL
subject: child
confidential: true
one_open_per_subject: false
per: none
open: {by: [counsellor, class_teacher], form: child_file, require: [health]}
states:
  draft: {label: {zh: 拟定}, kind: start, step: 1, tag: info}
  review:
    label: {zh: 会签}
    tasks:
      who: [leader@school, counsellor@school, "person:lin.hua"]
      mode: ratio
      ratio: 2/3
      order: sequence
      opinion: required
      sign: true
      nobody: up
      same_as_opener: up
    deadline:
      after: 5 school days
      since: case.opened_at
      at: [{80%: remind}, {100%: urge}, {150%: assign office@township}]
      pause: [holidays]
  active: {label: {zh: 执行}, cadence: [{form: send_back, every: 2 weeks, by: helper@subject, at_least: 2}]}
  closed: {label: {zh: 结案}, kind: end, tag: ok}
transitions:
  submit:
    from: draft
    to: review
    by: counsellor
    form: child_file
    when: "child.risk in ('high','medium') and present(form.health)"
  approve: {from: review, to: active, decided: tasks, effects: [focus child, archive child]}
  return: {from: review, to: any_visited, verb: 驳回, require: [opinion], confirm: {zh: 确定驳回吗？}}
  close: {from: active, to: closed, by: [counsellor], when: len(case.five_facts) == 5, not_same_person_as: submit}
verbs: [转办, delegate, 加签, 减签, 认领]
"""

FORM = """\
form: visit
title: {zh: 家访记录}
subject: child
sections:
  - {key: home, title: {zh: 家庭}}
fields:
  - {key: met, type: choice, label: {zh: 见到谁}, section: home, options: relation}
  - {key: phone, type: phone, class: P2, label: {zh: 电话}, bind: guardian.phone, visible_when: met != 'other'}
  - {key: visited_on, type: date, label: {zh: 日期}, max: today}
"""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return standard_catalogue(load_pack().forms)


def edited(text: str, *edits: tuple[str, str]) -> str:
    """Change a text where it says something exactly once."""
    for sound, broken in edits:
        assert text.count(sound) == 1
        text = text.replace(sound, broken)
    return text


def found(marked: str, catalogue: Catalogue) -> tuple[list[tuple[int, int, str]], tuple[int, int], Loaded]:
    """Load a text without its mark; give what was found, and the line and column of the mark."""
    before = marked[: marked.index("«")]
    loaded = load_definition(marked.replace("«", ""), "office.yaml", catalogue)
    place = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return [(p.line, p.column, p.code) for p in loaded.problems], place, loaded


@pytest.mark.parametrize(
    ("sound", "broken", "code"),
    [
        ("subject: child\n", "subject: «pupil\n", "bad_value"),
        ("prefix: ZZ", "prefix: «zz9", "bad_pattern"),
        ("title: {zh: 资助申请, en: Aid request}", "title: «资助申请", "bad_type"),
        ("title: {zh: 资助申请, en: Aid request}", "title: {zh: «2026}", "bad_type"),
        ("title: {zh: 资助申请,", "title: {zh: 资助申请, «fr: Aide,", "unknown_key"),
        (
            "paid: {label: {zh: 已发放}, kind: end}",
            "paid: {label: {zh: 已发放}, kind: end, «colour: red}",
            "unknown_key",
        ),
        ("paid: {label: {zh: 已发放}, kind: end}", "paid: {label: {zh: 已发放}, kind: «over}", "bad_value"),
        ("paid: {label: {zh: 已发放}", "«Paid!: {label: {zh: 已发放}", "bad_pattern"),
        ("after: 5 workdays", "after: «5 fortnights", "bad_span"),
        ("after: 5 workdays", "after: «0 workdays", "bad_span"),
        ("[{80%: remind}]", "[«{80: remind}]", "bad_rung"),
        ("[{80%: remind}]", "[«{80%: assign}]", "bad_rung"),
        ("office@school", "«office@galaxy", "bad_assignee"),
        ("office@school", "«offce@school", "unknown_role"),
        ("open: {by: [class_teacher]", "open: {by: [class_teacher, «headmaster]", "unknown_role"),
        ("open: {by: [class_teacher]", "open: {by: «[]", "nobody_may"),
        ("require: [care_situation]", "require: [«care_situatoin]", "unknown_field"),
        ("require: [opinion]", "require: [«amount]", "unknown_field"),
        ("form: child_file, require", "form: «child_fil, require", "unknown_form"),
        ("form: child_file, when", "form: «aid_form, when", "unknown_form"),
        ("from: review, to: paid", "from: «reviw, to: paid", "unknown_state"),
        ("from: review, to: paid", "from: [review, «nowhere], to: paid", "unknown_state"),
        ("from: review, to: paid", "from: review, to: «payed", "unknown_state"),
        ("from: review, to: paid", "from: [review, «paid], to: paid", "end_has_outgoing"),
        (
            "  submit: {from: draft, to: review, by: [class_teacher],",
            "  «submit: {from: draft, to: review,",
            "nobody_may",
        ),
        ("by: [office], require", "by: [office], effects: [«format disk], require", "unknown_effect"),
        ("by: [office], require", "by: [office], effects: [«os.getcwd], require", "bad_pattern"),
        ("by: [office], require", "by: [office], «after: os.getcwd, require", "unknown_key"),
        ("by: [office], require", "by: [office], not_same_person_as: «submitt, require", "unknown_transition"),
        (
            "by: [class_teacher], form: child_file, when",
            "decided: «tasks, form: child_file, when",
            "decided_without_tasks",
        ),
        ("who: [office@school]}", "who: [office@school], mode: «ratio}", "bad_ratio"),
        ("{zh: 审核}, tasks", "{zh: 审核}, kind: «start, tasks", "several_starts"),
        ("  paid: {", "  «lost: {label: {zh: 丢失}, kind: end}\n  paid: {", "unreachable_state"),
        ("\"child.risk == 'high'\"", "\"child.risk == «'hihg'\"", "unknown_option"),
        ("\"child.risk == 'high'\"", "'child.risk == «''hihg'''", "unknown_option"),
        ("\"child.risk == 'high'\"", "«child.rsk == 'high'", "unknown_name"),
    ],
)
def test_it_points_at_what_is_wrong_in_a_workflow(sound: str, broken: str, code: str, catalogue: Catalogue) -> None:
    problems, place, _ = found(edited(WORKFLOW, (sound, broken)), catalogue)
    assert problems == [(*place, code)]


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ([("workflow:", "«workflow:"), ("prefix: ZZ\n", "")], "missing_key"),
        ([("{80%: remind}", "{80%: «assign boss@township}")], "unknown_role"),
        ([("{zh: 已发放}, kind: end", "{zh: 已发放}, kind: end, «kind: end")], "duplicate_key"),
        ([("states:", "«states:"), ("{zh: 拟定}, kind: start", "{zh: 拟定}")], "no_start"),
        ([("states:", "«states:"), ("{zh: 已发放}, kind: end", "{zh: 已发放}")], "no_end"),
        ([("\"child.risk == 'high'\"", "child.is_poor and «form.care()")], "unknown_function"),
        ([("\"child.risk == 'high'\"", "«1 < 2")], "constant_condition"),
    ],
)
def test_it_points_at_the_part_of_a_workflow_that_lacks_something(
    edits: list[tuple[str, str]], code: str, catalogue: Catalogue
) -> None:
    problems, place, _ = found(edited(WORKFLOW, *edits), catalogue)
    assert problems == [(*place, code)]


def test_a_sound_workflow_has_no_problem(catalogue: Catalogue) -> None:
    assert load_definition(WORKFLOW, "office.yaml", catalogue).problems == ()


def test_every_shape_that_a_workflow_may_take_is_understood(catalogue: Catalogue) -> None:
    loaded = load_definition(EVERY_SHAPE, "office.yaml", catalogue)
    assert [str(problem) for problem in loaded.problems] == []
    plan = loaded.definition
    assert isinstance(plan, Workflow)
    review, active = plan.states["review"], plan.states["active"]
    assert review.tasks is not None
    assert [str(who) for who in review.tasks.who] == ["leader@school", "counsellor@school", "person:lin.hua"]
    assert review.deadline is not None
    assert str(review.deadline.after) == "5 school days"
    rungs = [(r.percent, r.action, str(r.to or "")) for r in review.deadline.at]
    assert rungs == [(80, "remind", ""), (100, "urge", ""), (150, "assign", "office@township")]
    assert [(rule.form, rule.every, str(rule.by)) for rule in active.cadence] == [
        ("send_back", "2 weeks", "helper@subject")
    ]
    assert [verb.value for verb in plan.verbs] == ["hand_over", "delegate", "add_signer", "remove_signer", "claim"]
    assert plan.transitions["return"].verb == "return"
    assert plan.who_may("return", "review") == review.tasks.who
    assert [str(who) for who in plan.who_may("submit", "draft")] == ["counsellor"]
    assert plan.leaving("review") == ("approve", "return")


def test_a_sound_form_has_no_problem(catalogue: Catalogue) -> None:
    assert load_definition(FORM, "office.yaml", catalogue).problems == ()


@pytest.mark.parametrize(
    ("added", "code"),
    [
        ("  «loop: {label: {zh: 打转}}\n", "dead_end"),
        ("  «loop: {label: {zh: 打转}}\n", "no_way_to_end"),
    ],
)
def test_a_state_that_nobody_can_leave_is_found(added: str, code: str, catalogue: Catalogue) -> None:
    text = WORKFLOW.replace("  paid: {", f"{added}  paid: {{")
    text += "  stray: {from: review, to: loop, by: [office]}\n"
    if code == "no_way_to_end":
        text += "  round: {from: loop, to: loop, by: [office]}\n"
    problems, place, _ = found(text, catalogue)
    assert problems == [(*place, code)]


def test_any_source_counts_as_a_way_out_of_every_state_that_is_no_end(catalogue: Catalogue) -> None:
    text = WORKFLOW.replace("pay: {from: review,", "pay: {from: any,")
    loaded = load_definition(text, "office.yaml", catalogue)
    assert loaded.problems == ()
    assert loaded.definition is not None
    assert loaded.definition.sources("pay") == ("draft", "review")  # type: ignore[union-attr]


def test_working_days_without_a_calendar_are_refused() -> None:
    without = standard_catalogue(load_pack().forms, knows_calendar=False)
    problems, place, _ = found(WORKFLOW.replace("after: 5 workdays", "after: «5 workdays"), without)
    assert problems == [(*place, "deadline_without_calendar")]
    assert load_definition(WORKFLOW.replace("5 workdays", "5 days"), "office.yaml", without).problems == ()


def test_a_fault_inside_a_folded_condition_is_found_on_its_own_line(catalogue: Catalogue) -> None:
    block = WORKFLOW.replace(
        "submit: {from: draft, to: review, by: [class_teacher], form: child_file, when: \"child.risk == 'high'\"}",
        "submit:\n    from: draft\n    to: review\n    by: [class_teacher]\n    when: >-\n"
        "      child.risk == 'high'\n      and child.is_poor\n      and «child.isfocus",
    )
    problems, place, _ = found(block, catalogue)
    assert problems == [(*place, "unknown_name")]
    literal, place, _ = found(block.replace(">-", "|"), catalogue)
    assert literal == [(*place, "unknown_name")]


@pytest.mark.parametrize(
    ("sound", "broken", "code"),
    [
        ("type: phone", "type: «telephone", "bad_value"),
        ("section: home", "section: «hom", "unknown_section"),
        ("options: relation", "options: «relatoin", "unknown_code_list"),
        (
            "options: relation",
            "options: [{value: other, label: {zh: 甲}}, {value: «other, label: {zh: 乙}}]",
            "duplicate_option",
        ),
        ("options: relation", "options: «[]", "bad_options"),
        ("max: today", "max: today, options: «relation", "bad_options"),
        ("max: today", "max: «soon", "bad_bound"),
        ("max: today", "max: «2030-02-30", "bad_bound"),
        ("max: today", "max: «10", "bad_bound"),
        ("max: today", "min: 2030-01-01, max: «2029-01-01", "bad_bound"),
        ("max: today", "all_required: «true", "misplaced"),
        ("max: today", "elsewhere: «true", "misplaced"),
        ("max: today", "max_length: «9", "misplaced"),
        ("bind: guardian.phone", "bind: «guardian.fone", "unknown_column"),
        ("max: today", "max: today, prefill: «clock.later", "unknown_field"),
        ("max: today", "max: today, prefill: «evidence.talks", "prefill_type"),
        ("bind: guardian.phone", "bind: «child.birth_on", "bind_type"),
        ("visible_when: met != 'other'", "visible_when: met != «'nobody'", "unknown_option"),
        ("visible_when: met != 'other'", "visible_when: visited_on > «'soon'", "expression_date"),
        ("visible_when: met != 'other'", "required_when: «mett == 'x'", "unknown_name"),
    ],
)
def test_it_points_at_what_is_wrong_in_a_form(sound: str, broken: str, code: str, catalogue: Catalogue) -> None:
    problems, place, _ = found(edited(FORM, (sound, broken)), catalogue)
    assert problems == [(*place, code)]


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ([("class: P2", "class: P1"), ("bind: guardian", "bind: «guardian")], "class_too_low"),
        ([("class: P2, ", ""), ("bind: guardian", "bind: «guardian")], "class_too_low"),
        ([("key: phone", "key: «phone"), ("met != 'other'", "present(phone)")], "condition_loop"),
        ([("max: today", "max: today}\n  - {key: «met, type: text, label: {zh: 又一个}")], "duplicate_field"),
        ([("title: {zh: 家庭}", "title: {zh: 家庭}}\n  - {key: «home, title: {zh: 又一组}")], "duplicate_section"),
    ],
)
def test_it_points_at_the_part_of_a_form_that_does_not_fit(
    edits: list[tuple[str, str]], code: str, catalogue: Catalogue
) -> None:
    problems, place, _ = found(edited(FORM, *edits), catalogue)
    assert code in [problem[2] for problem in problems]
    assert (*place, code) == problems[0]


ADVICE = 'advise:\n  - {when: "coalesce(helper.sex, sex) != child.sex", text: {zh: 不同性别}}\n'
CHOSEN = (
    "  - {key: helper, type: person, among: [helper], label: {zh: 帮扶人}}\n"
    "  - {key: sex, type: choice, options: sex, label: {zh: 性别}}\n"
)


def test_a_form_may_advise_by_what_is_on_file_of_a_person_chosen(catalogue: Catalogue) -> None:
    assert load_definition(FORM + CHOSEN + ADVICE, "office.yaml", catalogue).problems == ()


@pytest.mark.parametrize(
    ("sound", "broken", "code"),
    [
        ("coalesce(helper.sex,", "coalesce(«helper.age,", "unknown_name"),
        ("!= child.sex", "!= «child.is_poor", "expression_type"),
        ("text: {zh: 不同性别}", "text: {zh: «''}", "bad_size"),
    ],
)
def test_it_points_at_what_is_wrong_in_advice(sound: str, broken: str, code: str, catalogue: Catalogue) -> None:
    problems, place, _ = found((FORM + CHOSEN + ADVICE).replace(sound, broken), catalogue)
    assert problems == [(*place, code)]


def test_a_form_of_records_advises_nothing(catalogue: Catalogue) -> None:
    head = "record: {happened_on: visited_on, by: [helper]}\nsections:"
    problems, _, _ = found((FORM + CHOSEN + "«" + ADVICE).replace("sections:", head, 1), catalogue)
    assert "misplaced" in [problem[2] for problem in problems]


def test_two_fields_cannot_fill_the_same_column(catalogue: Catalogue) -> None:
    text = FORM + "  - {key: other, type: phone, class: P2, label: {zh: 另一个}, bind: «guardian.phone}\n"
    problems, place, _ = found(text, catalogue)
    assert problems == [(*place, "duplicate_bind")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("«", "unknown_kind"),
        ("«- 1\n- 2\n", "unknown_kind"),
        ("«recipe: soup\n", "unknown_kind"),
        ("form: a\ntitle: «!!python/object:os.system {zh: a}\n", "yaml_tag"),
        ("form: &x a\ntitle: {zh: *x}\n", "yaml_alias"),
        ("form: a\n  title«: {zh: a}\n", "yaml_syntax"),
        ("form: a\n---\nform: b\n", "yaml_syntax"),
        ("form: «\x07\n", "yaml_character"),
        ("form: " + "[" * 60 + "]" * 60 + "\n", "yaml_too_deep"),
        ("form: " + "[" * 10_000 + "\n", "yaml_syntax"),
        ("form: " + "x" * 400_001, "file_too_long"),
        ("form: " + "9" * 5000 + "\n", "missing_key"),
        ("? [a, b]\n: c\n", "yaml_key"),
    ],
)
def test_a_broken_file_is_a_problem_and_never_an_exception(text: str, code: str, catalogue: Catalogue) -> None:
    loaded = load_definition(text.replace("«", ""), "office.yaml", catalogue)
    assert loaded.definition is None
    assert code in {problem.code for problem in loaded.problems}
    if "«" in text:
        before = text[: text.index("«")]
        place = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        assert place in {(p.line, p.column) for p in loaded.problems if p.code == code}


def test_text_of_a_definition_is_never_imported(catalogue: Catalogue) -> None:
    sys.modules.pop("antigravity", None)
    here = os.getcwd()
    for key in ("after", "before", "conditions", "unless", "prepare"):
        text = WORKFLOW.replace("by: [office], require", f"by: [office], {key}: antigravity.fly, require")
        problems = load_definition(text, "office.yaml", catalogue).problems
        assert [p.code for p in problems] == ["unknown_key"]
    assert "antigravity" not in sys.modules
    assert os.getcwd() == here


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("case.state == 'review'", None),
        ("child.is_boarding and case.overdue", None),
        ("case.stat == 'review'", "unknown_name"),
        ("case.state", "expression_type"),
        ("child.health == '好'", "not_in_a_column"),
        ("evidence.talks > 3", "not_in_a_column"),
        ("guardian.age > 60", "not_in_a_column"),
    ],
)
def test_a_ledger_asks_what_stands_in_columns(catalogue: Catalogue, where: str, code: str | None) -> None:
    written = f'views:\n  ledger: {{label: {{zh: 台账}}, where: "{where}"}}\nstates:'
    problems = load_definition(WORKFLOW.replace("«", "").replace("states:", written, 1), "x.yaml", catalogue).problems
    assert [problem.code for problem in problems] == ([] if code is None else [code])


def test_all_faults_of_a_file_are_told_at_once(catalogue: Catalogue) -> None:
    text = WORKFLOW.replace("[office@school]", "[boss]").replace("to: paid", "to: gone").replace("'high'", "'huge'")
    codes = [problem.code for problem in load_definition(text, "office.yaml", catalogue).problems]
    assert codes == ["unknown_role", "unknown_option", "unknown_state"]


def test_the_digest_ignores_layout_and_comments_and_sees_every_change_of_meaning(catalogue: Catalogue) -> None:
    one = load_definition(WORKFLOW, "a.yaml", catalogue)
    spaced = WORKFLOW.replace("prefix: ZZ", "# 案号\nprefix:   ZZ\none_open_per_subject: true")
    assert load_definition(spaced, "b.yaml", catalogue).digest == one.digest
    for sound, other in (("5 workdays", "6 workdays"), ("[opinion]", "[reason]"), ("'high'", "'low'"), ("ZZ", "ZY")):
        assert load_definition(WORKFLOW.replace(sound, other), "c.yaml", catalogue).digest != one.digest


RULED = """\
form: purchase
title: {zh: 采购}
subject: child
knows:
  - {key: allowed, type: number}
  - {key: sealed_note, type: text, class: P3}
fields:
  - {key: bought_on, type: date, label: {zh: 日期}}
  - {key: used_on, type: date, label: {zh: 启用}}
  - {key: secret, type: text, class: P3, label: {zh: 保密}}
  - key: items
    type: rows
    label: {zh: 明细}
    columns:
      - {key: what, type: text, label: {zh: 品名}, required: true}
      - {key: price, type: number, label: {zh: 单价}}
      - {key: count, type: integer, label: {zh: 数量}, required_when: present(price)}
      - {key: cost, type: number, label: {zh: 金额}, value: price * count}
    rules:
      - {must: price > 0, text: {zh: 单价应大于零}, at: price}
  - {key: total, type: number, label: {zh: 合计}, value: sum(items.cost)}
  - key: size
    type: choice
    label: {zh: 规模}
    value: "choose(total > 100, 'large', 'small')"
    options: [{value: large, label: {zh: 大}}, {value: small, label: {zh: 小}}]
rules:
  - {must: used_on >= bought_on, text: {zh: 启用不能早于购买}, at: used_on}
  - {must: total <= case.allowed, text: {zh: 超出批准的金额}, at: [total, items]}
  - {must: all_different(items.what), text: {zh: 品名不能重复}, at: items}
"""


def test_a_form_with_rules_and_computed_values_can_be_published(catalogue: Catalogue) -> None:
    assert [str(p) for p in load_definition(RULED, "office.yaml", catalogue).problems] == []


@pytest.mark.parametrize(
    ("sound", "broken", "code"),
    [
        ("must: used_on >= bought_on", "must: used_on >= «bougth_on", "unknown_name"),
        ("must: used_on >= bought_on", "must: used_on >= «total", "expression_type"),
        ("must: used_on >= bought_on", "must: «used_on", "expression_type"),
        ("must: used_on >= bought_on", "must: «child.is_boarding", "rule_reads_no_answer"),
        ("must: used_on >= bought_on", "must: «secret != child.character", "protected_fact"),
        ("must: used_on >= bought_on", "must: «secret != case.sealed_note", "protected_fact"),
        ("at: used_on", "at: «usedon", "unknown_field"),
        ("at: [total, items]", "at: [total, «itms]", "unknown_field"),
        ("at: price}", "at: «total}", "unknown_field"),
        ("must: price > 0", "must: price > «what", "expression_type"),
        ("value: price * count", "value: «what", "value_type"),
        ("value: price * count", "value: «child.home_phone", "value_type"),
        ("value: price * count", "value: price * «cuont", "unknown_name"),
        ("required_when: present(price)", "required_when: present(«prize)", "unknown_name"),
        ("value: sum(items.cost)", "value: «items.cost", "value_type"),
        ("value: sum(items.cost)", "value: «sum(items.what)", "expression_type"),
        ("value: sum(items.cost)", "«required: true, value: sum(items.cost)", "misplaced"),
        ("'large', 'small')\"", "'large', 'tiny')\"", "unknown_option"),
        ("key: secret, type: text, class: P3", "key: secret, type: text, class: P3, value: «price", "unknown_name"),
        ("key: bought_on, type: date", "key: bought_on, type: date, value: child.birth_on, «max: today", "misplaced"),
        ("{key: what, type: text", "{key: what, type: «photo", "misplaced"),
        ("{key: what, type: text", "{key: what, «prefill: child.name, type: text", "misplaced"),
        ("{key: count, type", "{key: «what, type", "duplicate_field"),
        ("{key: allowed, type", "{key: «state, type", "duplicate_field"),
        ("type: rows", "type: «text", "misplaced"),
    ],
)
def test_it_points_at_what_is_wrong_in_rules_and_values(
    sound: str, broken: str, code: str, catalogue: Catalogue
) -> None:
    marked = edited(RULED, (sound, broken))
    if "«" not in marked:
        marked = marked.replace('value: "choose', 'value: «"choose')
    problems, place, _ = found(marked, catalogue)
    assert (*place, code) in problems


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ([("value: sum(items.cost)", "value: «len(child.note)")], "class_too_low"),
        ([("value: sum(items.cost)", "value: «len(secret)")], "class_too_low"),
        ([("key: items", "key: «items"), ("value: price * count", "value: price * total")], "condition_loop"),
        ([("key: items", "key: «items"), ("value: price * count", "value: price * cost")], "condition_loop"),
        ([("key: total", "key: «total"), ("sum(items.cost)", "total + 1")], "condition_loop"),
    ],
)
def test_it_points_at_values_that_tell_too_much_or_wait_for_themselves(
    edits: list[tuple[str, str]], code: str, catalogue: Catalogue
) -> None:
    problems, place, _ = found(edited(RULED, *edits), catalogue)
    assert problems == [(*place, code)]


RECORD = """\
form: note
title: {zh: 记事}
subject: child
record: {happened_on: noted_on, by: helper}
fields:
  - {key: noted_on, type: date, label: {zh: 日期}, required: true}
  - {key: said, type: text, class: P3, label: {zh: 内容}}
  - {key: again_on, type: date, label: {zh: 下次}}
rules:
  - {must: again_on > noted_on, text: {zh: 下次要在以后}, at: again_on}
"""


@pytest.mark.parametrize(
    ("sound", "broken", "code"),
    [
        ("must: again_on > noted_on", "must: «again_on > noted_on or present(said)", "protected_fact"),
        ("must: again_on > noted_on", "must: again_on > noted_on and «evidence.talks > 1", "unknown_name"),
        ("rules:", "«knows: [{key: a, type: text}]\nrules:", "misplaced"),
    ],
)
def test_the_rules_of_a_record_tell_nothing_to_who_corrects_it(
    sound: str, broken: str, code: str, catalogue: Catalogue
) -> None:
    assert load_definition(RECORD, "office.yaml", catalogue).problems == ()
    problems, place, _ = found(edited(RECORD, (sound, broken)), catalogue)
    assert (*place, code) in problems


ASKS = """\
form: asks
title: {zh: 申请}
subject: child
fields:
  - {key: days, type: integer, class: P2, label: {zh: 天数}}
"""
GRANTS = """\
form: grants
title: {zh: 核准}
subject: child
knows:
  - {key: days, type: number, class: P2}
fields:
  - {key: granted, type: integer, class: P2, label: {zh: 核准}, visible_when: case.days > 0}
"""
GRANTING = """\
workflow: granting
title: {zh: 核准}
prefix: HZ
subject: child
open: {by: [class_teacher], form: asks}
states:
  asked: {label: {zh: 申请}, kind: start}
  done: {label: {zh: 办结}, kind: end}
transitions:
  grant: {label: {zh: 核准}, from: asked, to: done, by: [office], form: «grants}
"""


@pytest.mark.parametrize(
    ("sound", "known", "codes"),
    [
        ("key: days", "key: days", []),
        ("key: days, type: number", "key: dayz, type: number", ["unknown_field"]),
        ("type: number, class: P2", "type: date, class: P2", ["known_otherwise"]),
        ("type: number, class: P2", "type: number, class: P3", []),
        ("type: number, class: P2", "type: number", ["known_otherwise"]),
    ],
)
def test_what_a_form_knows_of_the_case_is_asked_by_a_form_of_the_workflow(
    sound: str, known: str, codes: list[str], catalogue: Catalogue
) -> None:
    forms = [read_definition(written, "f.yaml").definition for written in (ASKS, edited(GRANTS, (sound, known)))]
    complete = catalogue.with_forms({form.key: form for form in forms if isinstance(form, Form)})
    problems, place, _ = found(GRANTING, complete)
    assert problems == [(*place, code) for code in codes]
