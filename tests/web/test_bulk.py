"""Handling many cases from the list: who may, what is shown before anything happens, and what became of it."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from io import BytesIO

import pytest
import python_calamine
from flask.testing import FlaskClient
from sqlalchemy import event, select, update
from werkzeug.test import TestResponse

from models.case import Case
from models.clock import WorkerBeat
from models.job import Job
from models.notice import Notice
from models.scope import system_scope
from models.staff import Appointment
from tests.cast import NOW, Cast
from tests.playing import stand, trace
from tests.web.browser import ClientOf, get, post
from workflows.operations import jobs
from workflows.operations.case import Request, act_on_case
from workflows.operations.jobs import run_chunk, run_jobs
from workflows.outbox.spread import spread
from workflows.policy import Permission

ALL = "list:workflow=identification&state=confirmed"


def confirmed(cast: Cast, many: int) -> list[str]:
    return [stand(cast, "identification", "confirmed").number for _ in range(many)]


def press(client: FlaskClient, path: str, carried: str = ALL, step: str = "file", **more: object) -> TestResponse:
    return post(client, path, **{"bulk-cases": carried, "bulk-step": step, **more})


def fields(page: str) -> dict[str, str]:
    """What the button that starts would send."""
    form = page[page.index('id="bulk-start"') :]
    found = re.findall(r'name="([^"]+)" value="([^"]*)"', form[: form.index("</form>")])
    return {html.unescape(name): html.unescape(value) for name, value in found if name != "csrf_token"}


def start(client: FlaskClient, carried: str = ALL, step: str = "file", **said: object) -> str:
    """Check and start; returns the address of the job."""
    checked = press(client, "/bulk/check", carried, step, **said)
    assert checked.status_code == 200, checked.text
    answer = post(client, "/bulk/start", **fields(checked.text))
    assert answer.status_code == 302, answer.text
    assert answer.location.startswith("/bulk/")
    return answer.location


def main(answer: TestResponse) -> str:
    """What a page says between its frame, without marks."""
    assert answer.status_code in (200, 409, 422), answer.status_code
    page = answer.text[answer.text.index("<main") :]
    page = page[: page.index('<nav class="phone-tabs"')] if 'class="phone-tabs"' in page else page
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def works(cast: Cast) -> None:
    run_jobs(cast.database, lambda: NOW)


def alive(cast: Cast) -> None:
    """Let a worker have been seen just now."""
    with cast.database.transaction(system_scope("tests")) as session:
        session.add(WorkerBeat(name="here", began_at=NOW, seen_at=NOW, did={}))


def ids(cast: Cast, numbers: list[str]) -> str:
    return "ids:" + ",".join(str(cast.case(number).id) for number in numbers)


def numbers_of(cast: Cast) -> list[str]:
    with cast.database.session(system_scope("tests")) as session:
        return list(session.scalars(select(Case.number).order_by(Case.id)))


def job_count(cast: Cast) -> int:
    with cast.database.session(system_scope("tests")) as session:
        return len(session.scalars(select(Job.id)).all())


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "CHUNK", 2)


def test_who_acts_may_tick_cases_and_take_all_that_the_list_shows(sqlite_cast: Cast, client_of: ClientOf) -> None:
    confirmed(sqlite_cast, 2)
    stand(sqlite_cast, "identification", "open")
    page = get(client_of("qin"), "/cases/?state=confirmed").text
    assert page.count('class="row-check"') == 2
    assert "批量办理全部 2 件" in page
    assert "/bulk/choose?state=confirmed&amp;workflow=identification" in page
    for path in ("/cases/?state=i-take-part", "/cases/?state=filed"):
        assert "row-check" not in get(client_of("qin"), path).text
    principal = get(client_of("tan"), "/cases/?state=confirmed").text  # takes no step of these cases
    assert "MD-2026-" in principal
    assert "row-check" not in principal
    assert "/bulk/choose" not in principal


def test_the_steps_are_offered_with_how_many_cases_may_take_them(sqlite_cast: Cast, client_of: ClientOf) -> None:
    confirmed(sqlite_cast, 2)
    stand(sqlite_cast, "identification", "open")
    said = main(get(client_of("qin"), "/bulk/choose?workflow=identification"))
    assert "所选范围内的全部 3 件" in said
    assert "归档 待归档审核 2 件" in said
    assert "本学期未完成 待完善 1 件 待归档审核 2 件" in said
    teacher = main(get(client_of("zhou"), "/bulk/choose?workflow=identification"))
    assert "归档 待归档审核" not in teacher  # no step of a class teacher
    assert "只能逐件办理的 请打开每件事项办理 提交审核 这一步要按每件的情况填表，只能逐件办理" in teacher
    narrowed = main(get(client_of("qin"), "/bulk/choose?workflow=identification&class=ZX-2302&state=open"))
    assert "所选范围内的全部 1 件 待完善 · 四（2）班" in narrowed


def test_a_condition_or_a_ledger_chooses_too(sqlite_cast: Cast, client_of: ClientOf) -> None:
    late, other = confirmed(sqlite_cast, 2)
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        session.execute(update(Case).where(Case.number == late).values(due_at=NOW - timedelta(days=1)))
    client, where = client_of("qin"), "workflow=identification&of=identification&where=case.overdue"
    page = get(client, f"/cases/?{where}").text
    assert "批量办理全部 1 件" in page
    chosen = main(get(client, f"/bulk/choose?{where}"))
    assert "所选范围内的全部 1 件" in chosen
    assert "逾期" in chosen
    job = start(client, f"list:{where}")
    works(sqlite_cast)
    assert "1 / 1 已办 1" in main(get(client, job))
    assert [trace(sqlite_cast, number).state for number in (late, other)] == ["filed", "confirmed"]


def test_ticked_cases_are_those_that_the_person_sees(sqlite_cast: Cast, client_of: ClientOf) -> None:
    own, others = confirmed(sqlite_cast, 2), sqlite_cast.open_case(sqlite_cast.add_child("BX-2101"), "bai")
    ticked = [str(sqlite_cast.case(number).id) for number in (*own, others)]
    said = main(post(client_of("qin"), "/bulk/choose", id=ticked))
    assert "勾选的 2 件" in said
    assert main(press(client_of("qin"), "/bulk/check", "ids:" + ",".join(ticked))).count("可办 2 件") == 1
    assert post(client_of("bai"), "/bulk/choose", id=ticked[:2]).status_code == 404
    assert post(client_of("qin"), "/bulk/choose", id=["x"]).status_code == 404
    assert post(client_of("qin"), "/bulk/choose").status_code == 404


def test_what_cannot_be_chosen_together_is_told(sqlite_cast: Cast, client_of: ClientOf) -> None:
    plan = stand(sqlite_cast, "archive", "gathering").number
    mixed = [str(sqlite_cast.case(number).id) for number in (*confirmed(sqlite_cast, 1), plan)]
    answer = post(client_of("chen"), "/bulk/choose", id=mixed)
    assert (answer.status_code, "选中的事项不是同一类" in answer.text) == (409, True)
    answer = get(client_of("qin"), "/bulk/choose?workflow=identification&where=case.nothing+==+1")
    assert (answer.status_code, "筛选的条件看不懂" in answer.text) == (409, True)
    answer = get(client_of("qin"), "/bulk/choose?state=i-take-part")
    assert (answer.status_code, "选中的事项不是同一类" in answer.text) == (409, True)
    assert "这里没有事项" in main(get(client_of("qin"), "/bulk/choose?workflow=identification&state=filed"))


@pytest.mark.parametrize("step", ["complete", "nothing", ""])
def test_a_step_that_is_not_for_many_is_refused_with_its_reason(
    sqlite_cast: Cast, client_of: ClientOf, step: str
) -> None:
    confirmed(sqlite_cast, 1)
    answer = press(client_of("qin"), "/bulk/check", step=step)
    assert answer.status_code == 422
    assert ("只能逐件办理" if step == "complete" else "没有这一步") in main(answer)
    assert press(client_of("qin"), "/bulk/start", step=step).status_code == 409
    assert job_count(sqlite_cast) == 0


def test_the_verdicts_stand_by_their_reasons_with_the_cases_behind_each(sqlite_cast: Cast, client_of: ClientOf) -> None:
    good, bad = confirmed(sqlite_cast, 2), stand(sqlite_cast, "identification", "open").number
    guarded = confirmed(sqlite_cast, 1)[0]
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        case = session.scalars(select(Case).where(Case.number == guarded)).one()
        assert case.child is not None
        case.child.absence_since = None
    before = [trace(sqlite_cast, number) for number in (*good, bad, guarded)]
    said = main(press(client_of("qin"), "/bulk/check", ids(sqlite_cast, [*good, bad, guarded])))
    assert "可办 2 件" in said
    assert "不能办 2 件" in said
    assert re.search(rf"当前环节不能这样办理 1 件 .* {bad} 待完善", said)
    assert guarded in said
    assert not any(number in said for number in good)
    assert [trace(sqlite_cast, number) for number in (*good, bad, guarded)] == before
    assert job_count(sqlite_cast) == 0


def test_the_verdicts_of_many_cost_no_more_queries_than_those_of_few(sqlite_cast: Cast, client_of: ClientOf) -> None:
    client, asked = client_of("qin"), list[str]()

    def cost() -> int:
        asked.clear()
        assert press(client, "/bulk/check", ids(sqlite_cast, numbers_of(sqlite_cast))).status_code == 200
        return len(asked)

    for _ in range(2):
        confirmed(sqlite_cast, 1)
        stand(sqlite_cast, "identification", "open")
    event.listen(client.application.extensions["shouwang"].database.engine, "before_cursor_execute",
                 lambda *told: asked.append(told[2]))  # fmt: skip
    cost()
    few = cost()
    for _ in range(6):
        confirmed(sqlite_cast, 1)
        stand(sqlite_cast, "identification", "open")
    assert cost() == few


def test_of_very_many_the_first_are_judged_and_all_are_started(
    sqlite_cast: Cast, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin_app.pages.bulk_check.AT_ONCE", 2)
    monkeypatch.setattr("admin_app.pages.bulk_check.MOST_PARTS", 1)
    confirmed(sqlite_cast, 5)
    client = client_of("qin")
    said = main(press(client, "/bulk/check"))
    assert "先核对了 2 件，其余 3 件轮到时再核对" in said
    assert "归档 最多 5 件" in said
    job = start(client)
    works(sqlite_cast)
    assert "5 / 5 已办 5" in main(get(client, job))


def test_of_a_frequent_reason_more_cases_are_listed_when_asked(
    sqlite_cast: Cast, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.many_preview.SHOWN", 2)
    monkeypatch.setattr("admin_app.pages.bulk_check.SHOWN", 2)
    for _ in range(3):
        stand(sqlite_cast, "identification", "open")
    client, carried = client_of("qin"), ids(sqlite_cast, numbers_of(sqlite_cast))
    page = main(press(client, "/bulk/check", carried))
    assert (page.count("MD-2026-"), "另有 1 件 列出更多" in page) == (2, True)
    more = press(client, "/bulk/check", carried, **{"bulk-named": "当前环节不能这样办理"})
    assert (main(more).count("MD-2026-"), "另有" in main(more)) == (3, False)


def test_what_a_step_asks_is_answered_once_and_given_back_when_refused(sqlite_cast: Cast, client_of: ClientOf) -> None:
    confirmed(sqlite_cast, 2)
    client = client_of("qin")
    asked = press(client, "/bulk/check", step="send_back").text
    assert 'name="reason"' in asked
    assert "填一次，记在每一件上" in asked
    filled = {"bulk-filled": "1", "sections_to_mend": ["care", "parents"]}
    refused = press(client, "/bulk/check", step="send_back", reason=" ", **filled)
    assert (refused.status_code, "请填写" in refused.text) == (422, True)
    assert refused.text.count("checked") == 2
    checked = press(client, "/bulk/check", step="send_back", reason="请补\n电话", **filled)
    assert "退回原因 请补 电话" in main(checked)
    assert "监护与外出情况、父母" in main(checked)
    back = press(client, "/bulk/check", step="send_back", reason="请补", **filled, **{"bulk-back": "1"})
    assert "请补</textarea>" in back.text
    job = start(client, step="send_back", reason="请补电话", **filled)
    works(sqlite_cast)
    assert "已办 2 未办成 0" in main(get(client, job))
    assert [trace(sqlite_cast, number).state for number in numbers_of(sqlite_cast)] == ["returned"] * 2


def test_words_are_asked_where_a_step_has_no_form(sqlite_cast: Cast, client_of: ClientOf) -> None:
    stand(sqlite_cast, "archive", "gathering")
    client, carried = client_of("qin"), "list:workflow=archive"
    assert 'name="reason"' in press(client, "/bulk/check", carried, "call_off").text
    long = press(client, "/bulk/check", carried, "call_off", reason="长" * 1_001, **{"bulk-filled": "1"})
    assert (long.status_code, "最多 1000 个字" in long.text) == (422, True)
    job = start(client, carried, "call_off", reason="先不归档", **{"bulk-filled": "1"})
    works(sqlite_cast)
    assert "已办 1 未办成 0" in main(get(client, job))


def test_pressed_twice_it_starts_once(sqlite_cast: Cast, client_of: ClientOf) -> None:
    confirmed(sqlite_cast, 2)
    client = client_of("qin")
    sent = fields(press(client, "/bulk/check").text)
    first = post(client, "/bulk/start", **sent)
    works(sqlite_cast)  # the list holds none of the cases any more
    assert post(client, "/bulk/start", **sent).location == first.location
    assert job_count(sqlite_cast) == 1


def test_cases_that_came_or_went_after_the_check_are_checked_once_more(sqlite_cast: Cast, client_of: ClientOf) -> None:
    confirmed(sqlite_cast, 2)
    client = client_of("qin")
    sent = fields(press(client, "/bulk/check").text)
    confirmed(sqlite_cast, 1)
    answer = post(client, "/bulk/start", **sent)
    assert answer.status_code == 409
    assert "核对之后有事项进入或离开了所选范围" in main(answer)
    assert "可办 3 件" in main(answer)
    assert job_count(sqlite_cast) == 0
    assert post(client, "/bulk/start", **fields(answer.text)).status_code == 302


def test_a_case_moved_by_others_after_the_check_is_judged_again_and_told(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    numbers = confirmed(sqlite_cast, 2)
    client = client_of("qin")
    sent = fields(press(client, "/bulk/check", ids(sqlite_cast, numbers)).text)
    with sqlite_cast.acting("qin", Permission.CASE_ACT) as tx:
        act_on_case(tx, numbers[0], Request("file"))
    job = post(client, "/bulk/start", **sent).location
    works(sqlite_cast)
    said = main(get(client, job))
    assert "已办 1 未办成 1" in said
    assert re.search(rf"{numbers[0]} \S+ 当前环节不能这样办理", said)


@pytest.mark.usefixtures("small")
def test_the_progress_is_asked_for_while_it_runs_and_goes_on_after_a_stop(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    confirmed(sqlite_cast, 5)
    client = client_of("qin")
    job = start(client)
    assert "every 2s" not in get(client, job).text  # no worker: asking for ever would keep the session awake
    alive(sqlite_cast)
    page = get(client, job)
    assert 'hx-trigger="every 2s"' in page.text
    assert '<progress value="0" max="5">' in page.text
    assert "刷新看进度" in page.text  # without scripts
    run_chunk(sqlite_cast.database, lambda: NOW)  # and then the worker was killed
    assert "2 / 5 已办 2 未办成 0 等待办理 3" in main(get(client, job))
    works(sqlite_cast)
    page = get(client, job)
    assert "hx-trigger" not in page.text[page.text.index('id="job"') :].split(">")[0]
    assert "5 / 5 已办 5 未办成 0" in main(page)
    assert "停止" not in main(page)


@pytest.mark.usefixtures("small")
def test_a_job_can_be_stopped_by_its_own_person_only(sqlite_cast: Cast, client_of: ClientOf) -> None:
    confirmed(sqlite_cast, 4)
    client = client_of("qin")
    job = start(client)
    run_chunk(sqlite_cast.database, lambda: NOW)
    for login, code in (("chen", 404), ("zhou", 404), ("bai", 404), ("feng", 404), ("sys", 403)):
        other = client_of(login)
        assert get(other, job).status_code == code
        assert post(other, f"{job}/cancel").status_code == code
        assert get(other, f"{job}/export").status_code in (403, 404)
    assert post(client, f"{job}/cancel").location == job
    assert "已停止，还没办的不再办理" in main(get(client, job))
    assert post(client, f"{job}/cancel").location == job  # pressed twice
    assert "已经结束了，不用停止" in main(get(client, job))
    works(sqlite_cast)
    assert "已停止" in main(get(client, job))
    assert "已办 2 未办成 0 没有办 2" in main(get(client, job))
    assert len(sqlite_cast.events("job.cancelled")) == 1
    for broken in ("/bulk/x", "/bulk/9", "/bulk/99999999999999999999"):
        assert get(client, broken).status_code == 404
        assert post(client, f"{broken}/cancel").status_code == 404


def test_of_a_list_only_those_are_taken_that_stand_where_the_step_leaves(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    confirmed(sqlite_cast, 2)
    waiting = stand(sqlite_cast, "identification", "open").number
    client, whole = client_of("qin"), "list:workflow=identification"
    said = main(press(client, "/bulk/check", whole))
    assert "可办 2 件 不能办 0 件" in said
    assert "列表里另有 1 件不在这一环节，不会动" in said
    job = start(client, whole)
    works(sqlite_cast)
    assert "2 / 2 已办 2 未办成 0" in main(get(client, job))
    assert trace(sqlite_cast, waiting).state == "open"
    none_left = main(press(client, "/bulk/check", whole))
    assert "可办 0 件 不能办 3 件" in none_left
    assert "没有可办的事项" in none_left


@pytest.mark.usefixtures("small")
def test_what_was_refused_is_listed_by_reason_and_taken_along_as_a_sheet(
    sqlite_cast: Cast, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin_app.pages.bulk_jobs.REFUSED", 2)
    numbers = confirmed(sqlite_cast, 6)
    client = client_of("qin")
    job = start(client)
    for number in numbers[:2]:
        with sqlite_cast.acting("qin", Permission.CASE_ACT) as tx:
            act_on_case(tx, number, Request("file"))
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        for case in session.scalars(select(Case).where(Case.number.in_(numbers[2:4]))):
            assert case.child is not None
            case.child.absence_since = None
    works(sqlite_cast)
    page = get(client, job)
    assert "已办 2 未办成 4" in main(page)
    assert (main(page).count("MD-2026-"), "下一页" in page.text) == (2, True)
    more = re.search(r'href="([^"]*after=2[^"]*)"', page.text)
    assert more
    assert main(get(client, html.unescape(more[1]))).count("MD-2026-") == 2
    reasons = re.findall(r'href="([^"]*reason=[^"]*)"', page.text)
    one = main(get(client, html.unescape(reasons[0])))
    assert one.count("当前环节不能这样办理") in (1, 3)
    with get(client, f"{job}/export") as sheet:
        content = BytesIO(sheet.data)
    rows = python_calamine.load_workbook(content).get_sheet_by_index(0).to_python()
    assert rows[0] == ["编号", "儿童或单位", "学校", "原因"]
    assert sorted(row[0] for row in rows[1:]) == sorted(numbers[:4])
    assert [one["facts"]["rows"] for one in sqlite_cast.events("job.exported")] == [4]


def test_a_refused_case_that_is_out_of_sight_by_now_is_not_named(sqlite_cast: Cast, client_of: ClientOf) -> None:
    (number,) = confirmed(sqlite_cast, 1)
    client = client_of("qin")
    job = start(client)
    with sqlite_cast.acting("qin", Permission.CASE_ACT) as tx:
        act_on_case(tx, number, Request("file"))
    works(sqlite_cast)
    assert number in main(get(client, job))
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        elsewhere = sqlite_cast.places["SQ"].level_codes
        posts = update(Appointment).where(Appointment.staff_id == sqlite_cast["qin"].staff_id)
        where = {f"{level}_code": code for level, code in elsewhere.items()}
        session.execute(posts.values(place_id=sqlite_cast.places["SQ"].id, **where))
    said = main(get(client, job))
    assert "已不在你的范围内 " in said
    assert number not in said
    assert "林小禾" not in said


def test_the_bell_tells_the_end_and_leads_to_the_job(sqlite_cast: Cast, client_of: ClientOf) -> None:
    confirmed(sqlite_cast, 2)
    client = client_of("qin")
    job = start(client)
    works(sqlite_cast)
    spread(sqlite_cast.database, NOW)
    with sqlite_cast.database.session(system_scope("tests")) as session:
        told = session.scalars(select(Notice).where(Notice.topic == "job.done")).all()
    assert [one.staff_id for one in told] == [sqlite_cast["qin"].staff_id]
    assert "归档 已办 2 件" in main(get(client, "/notices/"))
    assert get(client, f"/notices/{told[0].id}").location == job
    assert get(client_of("chen"), f"/notices/{told[0].id}").status_code == 404


def test_it_is_told_when_nobody_carries_the_work_on(sqlite_cast: Cast, client_of: ClientOf) -> None:
    confirmed(sqlite_cast, 1)
    client = client_of("qin")
    job = start(client)
    for page in (job, "/bulk/"):
        assert "后台进程没有在运行" in main(get(client, page))
    alive(sqlite_cast)
    for page in (job, "/bulk/"):
        assert "后台进程没有在运行" not in main(get(client, page))


def test_the_jobs_are_listed_and_those_of_colleagues_without_figures(
    sqlite_cast: Cast, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin_app.pages.bulk_jobs.PAGE", 1)
    confirmed(sqlite_cast, 3)
    qin = client_of("qin")
    assert "还没有批量办理过" in main(get(qin, "/bulk/"))
    start(qin)
    works(sqlite_cast)
    confirmed(sqlite_cast, 1)
    start(qin)
    first = get(qin, "/bulk/")
    assert "归档 摸底排查建档 0 / 1 0 0 办理中" in main(first)
    older = re.search(r'href="([^"]*before=[^"]*)"', first.text)
    assert older
    assert "归档 摸底排查建档 3 / 3 3 0 已办完" in main(get(qin, html.unescape(older[1])))
    assert "秦素芬 归档 摸底排查建档 办理中" in main(get(client_of("chen"), "/bulk/"))
    assert "3 / 3" not in main(get(client_of("chen"), "/bulk/"))
    for login in ("bai", "zhou"):
        assert "秦素芬" not in main(get(client_of(login), "/bulk/"))


@pytest.mark.parametrize("login", ["sys", "sec", "nobody"])
def test_who_handles_no_cases_handles_none_in_bulk(sqlite_cast: Cast, client_of: ClientOf, login: str) -> None:
    confirmed(sqlite_cast, 1)
    client = client_of(login)
    for path in ("/bulk/", "/bulk/choose?workflow=identification", "/bulk/1"):
        assert get(client, path).status_code == 403
    for path in ("/bulk/choose", "/bulk/check", "/bulk/start", "/bulk/1/cancel"):
        assert press(client, path).status_code == 403


def test_broken_choices_break_nothing(sqlite_cast: Cast, client_of: ClientOf) -> None:
    confirmed(sqlite_cast, 1)
    client = client_of("qin")
    for carried in ("", "x", "ids:", "ids:x,1", "ids:" + ",".join(["1"] * 999), "list:", "list:%ff=&workflow=nothing"):
        for path in ("/bulk/check", "/bulk/start"):
            assert press(client, path, carried).status_code in (200, 404, 409, 422), (path, carried)
    assert job_count(sqlite_cast) == 0
