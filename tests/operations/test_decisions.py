"""Several people decide: all of them, one of them, a share of them, at once or one after another."""

from __future__ import annotations

import pytest

from tests.cast import Cast
from tests.deciding import WHO, Joint, begin, open_joint, publish
from workflows.engine.vocabulary import Verb
from workflows.operations.verbs import Asking, reply
from workflows.policy import Permission
from workflows.refusal import Denied, Refusal, Stale

ALL = f"{{who: {WHO}, mode: all}}"
SHARE = f"{{who: {WHO}, mode: ratio, ratio: 2/3}}"
IN_ORDER = f"{{who: {WHO}, mode: all, order: sequence}}"
ANY = f"{{who: {WHO}, mode: any}}"


def _refused(joint: Joint, login: str, transition: str, code: str) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        joint.act(login, transition)
    assert refusal.value.code == code
    return refusal.value


def test_all_must_agree_and_the_last_voice_moves_the_case(cast: Cast) -> None:
    joint = begin(cast, ALL)
    for login in ("tan", "qin"):
        moved = joint.act(login, "agree")
        assert (moved.from_state, moved.to_state) == ("review", "review")
    assert joint.act("meng", "agree").to_state == "agreed"
    assert joint.seats() == {"覃明远": "done", "孟晓岚": "done", "秦素芬": "done"}
    spoken = [event["facts"]["seat"] for event in cast.events("case.spoken")]
    assert spoken == ["覃明远", "秦素芬"]
    assert cast.events("case.moved")[-1]["facts"]["transition"] == "agree"


def test_one_who_refuses_ends_a_decision_of_all_and_frees_the_others(cast: Cast) -> None:
    joint = begin(cast, ALL)
    joint.act("tan", "agree")
    assert joint.act("meng", "refuse").to_state == "refused"
    assert joint.seats()["秦素芬"] == "over"


def test_nobody_speaks_twice(cast: Cast) -> None:
    joint = begin(cast, ALL)
    joint.act("tan", "agree")
    assert "已表示过意见" in str(_refused(joint, "tan", "agree", "not_your_part").message)
    assert "已表示过意见" in str(_refused(joint, "tan", "refuse", "not_your_part").message)


def test_whoever_was_not_asked_does_not_decide(cast: Cast) -> None:
    joint = begin(cast, ALL)
    _refused(joint, "zhou", "agree", "not_your_part")
    with pytest.raises(Refusal) as refusal:
        joint.act("bai", "agree")
    assert refusal.value.code == "no_case"


def test_a_share_decides_as_soon_as_it_is_certain(cast: Cast) -> None:
    joint = begin(cast, SHARE)
    joint.act("tan", "agree")
    assert joint.act("meng", "agree").to_state == "agreed"
    assert joint.seats()["秦素芬"] == "over"
    other = begin(cast, SHARE)
    assert other.act("tan", "refuse").to_state == "review"
    assert other.act("meng", "refuse").to_state == "refused"


def test_in_order_each_waits_for_the_one_before(cast: Cast) -> None:
    joint = begin(cast, IN_ORDER)
    assert joint.seats() == {"覃明远": "open", "孟晓岚": "waiting", "秦素芬": "waiting"}
    assert "还没有轮到你" in str(_refused(joint, "qin", "agree", "not_your_part").message)
    joint.act("tan", "agree")
    assert joint.seats()["孟晓岚"] == "open"
    joint.act("meng", "agree")
    assert joint.act("qin", "agree").to_state == "agreed"


def test_one_of_them_is_enough_where_any_may_decide(cast: Cast) -> None:
    joint = begin(cast, ANY)
    assert joint.seats() == {}
    assert joint.act("meng", "agree").to_state == "agreed"


def test_returning_is_one_persons_act_and_asks_anew_afterwards(cast: Cast) -> None:
    joint = begin(cast, ALL)
    joint.act("tan", "agree")
    assert joint.act("meng", "return_it", target="draft").to_state == "draft"
    joint.act("zhou", "submit")
    assert joint.seats() == {"覃明远": "open", "孟晓岚": "open", "秦素芬": "open"}
    assert len(joint.rows()) == 6


def test_an_opinion_is_asked_for_where_the_definition_wants_one(cast: Cast) -> None:
    joint = begin(cast, f"{{who: {WHO}, mode: all, opinion: required}}")
    with pytest.raises(Refusal) as refusal:
        joint.act("tan", "agree", opinion=" ")
    assert list(refusal.value.faults) == ["opinion"]
    joint.act("tan", "agree", opinion="同意，注意跟进")
    assert [row.opinion for row in joint.rows() if row.status == "done"] == ["同意，注意跟进"]


@pytest.mark.parametrize(
    ("rule", "seats"),
    [
        ("skip", {"覃明远": "open"}),
        ("up", {"覃明远": "open", "陈立群": "open"}),
        ("wait", {"覃明远": "open", "柳溪镇中心小学": "open"}),
    ],
)
def test_where_nobody_holds_a_post_the_definition_says_what_happens(
    cast: Cast, rule: str, seats: dict[str, str]
) -> None:
    cast.end_posts("qin")
    joint = begin(cast, f"{{who: [principal@school, office@school], mode: all, seats: persons, nobody: {rule}}}")
    assert joint.seats() == seats


def test_a_step_to_nobody_is_refused_with_whom_it_lacks(cast: Cast) -> None:
    cast.end_posts("qin")
    publish(cast, "{who: [principal@school, office@school], mode: all, nobody: refuse}")
    joint = open_joint(cast)
    refusal = _refused(joint, "zhou", "submit", "nobody_asked")
    assert "柳溪镇中心小学" in str(refusal.message)
    assert joint.state == "draft"


def test_where_nobody_is_left_to_ask_the_case_goes_on_by_itself(cast: Cast) -> None:
    cast.end_posts("qin")
    publish(cast, "{who: [office@school], mode: all, nobody: skip}")
    joint = open_joint(cast)
    assert joint.act("zhou", "submit").to_state == "agreed"
    assert [event["facts"]["transition"] for event in cast.events("case.moved")] == ["submit", "agree"]


@pytest.mark.parametrize(("rule", "left"), [("allow", True), ("skip", False)])
def test_whoever_opened_the_case_decides_only_where_that_is_allowed(cast: Cast, rule: str, left: bool) -> None:
    joint = begin(cast, f"{{who: [class_teacher@class, principal@school], mode: all, same_as_opener: {rule}}}")
    assert ("周敏" in joint.seats()) is left


def test_whoever_moved_the_case_last_has_spoken_where_the_definition_says_so(cast: Cast) -> None:
    joint = begin(cast, "{who: [class_teacher@class, principal@school], mode: all, same_as_last: skip}")
    assert joint.seats() == {"周敏": "skipped", "覃明远": "open"}
    assert joint.act("tan", "agree").to_state == "agreed"


def test_one_post_is_one_seat_where_the_definition_says_so(cast: Cast) -> None:
    joint = begin(cast, f"{{who: {WHO}, mode: all, seats: posts}}")
    assert joint.seats() == {"柳溪镇中心小学": "open"}  # three seats of the same place
    assert [row.role for row in joint.rows()] == ["principal", "counsellor", "office"]
    for login in ("tan", "meng"):
        assert joint.act(login, "agree").to_state == "review"
    assert joint.act("qin", "agree").to_state == "agreed"


def test_a_claimed_case_waits_for_nobody_else_and_can_be_put_back(cast: Cast) -> None:
    joint = begin(cast, ANY)
    joint.use("meng", Verb.CLAIM)
    assert "还没有轮到你" in str(_refused(joint, "tan", "agree", "not_your_part").message)
    joint.use("meng", Verb.RELEASE)
    joint.use("tan", Verb.CLAIM)
    _refused(joint, "meng", "agree", "not_your_part")
    assert joint.act("tan", "agree").to_state == "agreed"


def test_passing_on_is_for_good(cast: Cast) -> None:
    joint = begin(cast, ALL)
    joint.use("tan", Verb.HAND_OVER, "chen", note="外出开会，请镇里代办")
    _refused(joint, "tan", "agree", "not_your_part")
    joint.act("meng", "agree")
    joint.act("qin", "agree")
    assert joint.act("chen", "agree").to_state == "agreed"


def test_whoever_gave_an_opinion_may_be_asked_to_sign(cast: Cast) -> None:
    joint = begin(cast, ALL)
    joint.use("tan", Verb.DELEGATE, "chen")
    joint.reply("chen")
    joint.use("tan", Verb.ADD_SIGNER, "chen")
    joint.act("chen", "agree")
    assert [row.status for row in joint.rows() if row.name == "陈立群"] == ["done", "done"]


def test_what_one_has_claimed_is_not_claimed_again_by_whoever_waits_for_an_opinion(cast: Cast) -> None:
    joint = begin(cast, ANY)
    joint.use("meng", Verb.DELEGATE, "chen")
    joint.use("tan", Verb.CLAIM)
    joint.reply("chen")  # the seat that asked is open again beside the claimed one
    with pytest.raises(Refusal) as refusal:
        joint.use("meng", Verb.CLAIM)
    assert refusal.value.code == "claimed_already"


@pytest.mark.parametrize("is_confidential", [False, True])
def test_nobody_is_asked_who_does_not_reach_the_case(cast: Cast, is_confidential: bool) -> None:
    joint = begin(cast, ALL, confidential=is_confidential)
    for other in ("shi", "bai"):  # another class's teacher, the neighbours' clerk
        for verb in (Verb.HAND_OVER, Verb.DELEGATE, Verb.ADD_SIGNER, Verb.COPY):
            with pytest.raises(Refusal) as refusal:
                joint.use("tan", verb, other)
            assert refusal.value.code == "bad_person"
    joint.use("tan", Verb.HAND_OVER, "zhou")  # the class's own teacher
    assert joint.act("qin", "agree").to_state == "review"


@pytest.mark.parametrize("after", [False, True])
def test_what_one_has_claimed_stays_theirs_while_others_sign_for_it(cast: Cast, after: bool) -> None:
    joint = begin(cast, ANY)
    joint.use("tan", Verb.CLAIM)
    joint.use("tan", Verb.ADD_SIGNER, "chen", after=after)
    first, second = ("tan", "chen") if after else ("chen", "tan")
    joint.act(first, "agree")
    assert [row.status for row in joint.rows()].count("open") == 1, "the others of the pool wait on"
    _refused(joint, "meng", "agree", "not_your_part")
    assert joint.act(second, "agree").to_state == "agreed"


def test_what_was_claimed_and_handed_over_is_the_others_no_more(cast: Cast) -> None:
    joint = begin(cast, ANY)
    joint.use("tan", Verb.CLAIM)
    joint.use("tan", Verb.HAND_OVER, "chen")
    joint.use("chen", Verb.DELEGATE, "zhou")
    joint.reply("zhou")
    _refused(joint, "meng", "agree", "not_your_part")
    assert joint.act("chen", "agree").to_state == "agreed"


def test_whoever_sits_on_two_seats_speaks_from_the_one_given_first_as_with_every_verb(cast: Cast) -> None:
    joint = begin(cast, ALL)
    joint.use("tan", Verb.HAND_OVER, "meng")  # beside the seat of her own, which is older
    joint.use("meng", Verb.ADD_SIGNER, "chen", after=True)
    joint.act("meng", "agree")
    assert joint.act("chen", "agree").to_state == "review", "comes after the seat it was added to"
    joint.act("qin", "agree")
    assert joint.act("meng", "agree").to_state == "agreed"


def test_a_question_to_somebody_else_comes_back_with_the_reply(cast: Cast) -> None:
    joint = begin(cast, ALL)
    joint.use("tan", Verb.DELEGATE, "chen")
    assert "等回复" in str(_refused(joint, "tan", "agree", "not_your_part").message)
    assert "回复意见" in str(_refused(joint, "chen", "agree", "not_your_part").message)
    joint.reply("chen", "镇里没有意见")
    assert joint.state == "review"
    joint.act("tan", "agree")
    assert [row.opinion for row in joint.rows() if row.origin == "delegated"] == ["镇里没有意见"]


def test_a_reply_is_no_longer_than_any_other_word(cast: Cast) -> None:
    joint = begin(cast, ALL)
    joint.use("tan", Verb.DELEGATE, "chen")
    with pytest.raises(Refusal) as refusal:
        joint.reply("chen", "好" * 1_001)
    assert (refusal.value.code, list(refusal.value.faults)) == ("too_long", ["note"])
    joint.reply("chen", "好" * 1_000)


def test_a_reply_begins_like_every_other_verb(cast: Cast) -> None:
    joint = begin(cast, ALL)
    joint.use("tan", Verb.DELEGATE, "chen")
    with pytest.raises(Stale), cast.acting("chen", Permission.CASE_ACT) as tx:
        reply(tx, joint.number, Asking(note="可行", rev=1))
    for _ in range(2):
        with cast.acting("chen", Permission.CASE_ACT) as tx:
            answered = reply(tx, joint.number, Asking(note="可行", key="once"))
    assert (answered.from_state, answered.to_state) == ("review", "review")
    assert [row.status for row in joint.rows() if row.origin == "delegated"] == ["done"]
    assert [event["action"] for event in cast.events("case.replied")] == ["case.replied"]
    joint.act("qin", "stop")
    with pytest.raises(Refusal) as refusal:
        joint.reply("chen")
    assert refusal.value.code == "closed"


def test_those_added_before_sign_first_and_those_added_after_sign_last(cast: Cast) -> None:
    joint = begin(cast, "{who: [principal@school], mode: all}")
    joint.use("tan", Verb.ADD_SIGNER, "meng")
    joint.act("meng", "agree")
    joint.use("tan", Verb.ADD_SIGNER, "qin", after=True)
    assert joint.act("tan", "agree").to_state == "review"
    assert joint.act("qin", "agree").to_state == "agreed"


def test_one_who_was_added_is_taken_off_again_only_by_whoever_added_them(cast: Cast) -> None:
    joint = begin(cast, "{who: [principal@school, office@school], mode: all}")
    joint.use("tan", Verb.ADD_SIGNER, "meng")
    seat = next(row.id for row in joint.rows() if row.origin == "added_before")
    with pytest.raises(Denied):
        joint.use("qin", Verb.REMOVE_SIGNER, seat=seat)
    joint.use("tan", Verb.REMOVE_SIGNER, seat=seat)
    _refused(joint, "meng", "agree", "not_your_part")
    joint.act("tan", "agree")
    assert joint.act("qin", "agree").to_state == "agreed"


def test_taking_off_the_last_who_had_not_spoken_decides(cast: Cast) -> None:
    joint = begin(cast, "{who: [principal@school], mode: all}")
    joint.use("tan", Verb.ADD_SIGNER, "qin", after=True)
    joint.act("tan", "agree")
    seat = next(row.id for row in joint.rows() if row.origin == "added_after")
    assert joint.use("tan", Verb.REMOVE_SIGNER, seat=seat).to_state == "agreed"


def test_stepping_back_needs_a_reason_and_somebody_who_is_left(cast: Cast) -> None:
    joint = begin(cast, SHARE)
    with pytest.raises(Refusal) as refusal:
        joint.use("tan", Verb.RECUSE, note="")
    assert list(refusal.value.faults) == ["note"]
    joint.use("tan", Verb.RECUSE, note="是孩子的亲属")
    joint.act("meng", "agree")
    joint.use("qin", Verb.RECUSE, note="参与过此事")
    assert joint.state == "agreed"


def test_the_last_of_a_decision_cannot_step_back(cast: Cast) -> None:
    joint = begin(cast, "{who: [principal@school], mode: all}")
    with pytest.raises(Refusal) as refusal:
        joint.use("tan", Verb.RECUSE, note="是孩子的亲属")
    assert refusal.value.code == "nobody_left"


def test_a_step_is_taken_back_by_whoever_took_it_while_nobody_has_acted(cast: Cast) -> None:
    joint = begin(cast, ALL)
    with pytest.raises(Denied):
        joint.use("qin", Verb.WITHDRAW)
    assert joint.use("zhou", Verb.WITHDRAW).to_state == "draft"
    joint.act("zhou", "submit")
    joint.act("tan", "agree")
    with pytest.raises(Refusal) as refusal:
        joint.use("zhou", Verb.WITHDRAW)
    assert refusal.value.code == "acted_already"


def test_urging_is_counted_until_the_case_moves(cast: Cast) -> None:
    joint = begin(cast, ALL)
    joint.use("zhou", Verb.URGE)
    joint.use("zhou", Verb.URGE)
    assert cast.case(joint.number).urged == 2
    with pytest.raises(Refusal) as refusal:
        joint.use("tan", Verb.URGE)
    assert refusal.value.code == "own_turn"
    joint.act("tan", "refuse")
    assert cast.case(joint.number).urged == 0


def test_a_verb_that_the_workflow_does_not_have_is_refused(cast: Cast) -> None:
    joint = begin(cast, ALL)
    with pytest.raises(Refusal) as refusal:
        joint.use("tan", Verb.WATCH)
    assert refusal.value.code == "no_such_verb"


def test_only_people_who_handle_cases_there_can_be_asked(cast: Cast) -> None:
    joint = begin(cast, ALL)
    for login in ("bai", "nobody", "tan"):  # another township's, one without a post, oneself
        with pytest.raises(Refusal) as refusal:
            joint.use("tan", Verb.HAND_OVER, login)
        assert refusal.value.code == "bad_person"


def test_the_same_request_twice_asks_somebody_once(cast: Cast) -> None:
    joint = begin(cast, ALL)
    for _ in range(2):
        joint.use("tan", Verb.DELEGATE, "chen", key="once")
    assert [row.origin for row in joint.rows()].count("delegated") == 1


def test_somebody_asked_in_a_confidential_case_can_read_it(cast: Cast) -> None:
    joint = begin(cast, "{who: [principal@school], mode: all}", confidential=True)
    joint.use("tan", Verb.HAND_OVER, "chen")
    assert joint.act("chen", "agree").to_state == "agreed"
