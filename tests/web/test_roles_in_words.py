"""What a post permits stands in words on the person's page and in a list of all roles."""

from __future__ import annotations

from tests.cast import Cast
from tests.web.browser import ClientOf, get
from workflows.policy import FIELD_CLASSES, Permission, standard_policy
from workflows.policy_words import PERMISSION_WORDS, SEES_WORDS


def test_every_permission_and_field_class_has_its_words() -> None:
    assert set(PERMISSION_WORDS) == set(Permission)
    assert set(SEES_WORDS) == set(FIELD_CLASSES)


def test_a_persons_page_says_what_each_post_permits_and_who_approved_it(sqlite_cast: Cast, client_of: ClientOf) -> None:
    page = get(client_of("sec"), f"/staff/details/?id={sqlite_cast['qin'].staff_id}").text
    assert "现在能做什么" in page
    assert "导入名册" in page
    assert "号码和住址遮盖显示" in page
    assert f"G-{sqlite_cast['qin'].posts[0].appointment_id}" in page
    assert "启用、停用账号" not in page, "the office enables no accounts while the officers are separate"
    assert "现在能做什么" not in get(client_of("sec"), f"/staff/details/?id={sqlite_cast['nobody'].staff_id}").text


def test_all_roles_stand_in_one_list(sqlite_cast: Cast, client_of: ClientOf) -> None:
    page = get(client_of("sec"), "/staff/roles/").text
    for rules in standard_policy().roles.values():
        assert rules.label["zh"] in page
    assert "只参与轮到自己的事项" in page
    assert get(client_of("zhou"), "/staff/roles/").status_code == 403
    form = get(client_of("sec"), f"/appointments/new/?staff={sqlite_cast['nobody'].staff_id}").text
    assert "/staff/roles/" in form
