"""When a log is no answer."""

from __future__ import annotations

from dataclasses import replace

from router.analysis.offpolicy.verdict import Answer, Support, judge

GOOD = Support(drawn=100, effective_parents=30.0, clipped_share=0.2, prefix_parents=0)
FIXED = Support(drawn=0, effective_parents=0.0, clipped_share=0.0, prefix_parents=30)


def test_enough_parents_and_few_clipped_lots_are_an_answer() -> None:
    assert judge(GOOD).answer is Answer.WHOLE
    assert judge(GOOD).reasons == ()


def test_too_few_parents_are_not() -> None:
    found = judge(replace(GOOD, effective_parents=29.9))
    assert found.answer is Answer.NONE
    assert found.reasons == ("the effective sample size is 29.9 parents, at least 30 are needed",)


def test_lots_that_were_hardly_ever_tried_are_not() -> None:
    found = judge(replace(GOOD, clipped_share=0.201, effective_parents=3.0))
    assert found.answer is Answer.NONE
    assert len(found.reasons) == 2
    assert found.reasons[1] == (
        "20.1% of the target's lots were hardly ever tried, at most 20% may be"
    )


def test_a_log_without_draws_answers_within_its_prefix_only_and_says_so() -> None:
    found = judge(FIXED)
    assert found.answer is Answer.PREFIX
    assert found.reasons == (
        "no decision was drawn, so nothing is known of splits that were not taken",
    )
    assert judge(replace(FIXED, prefix_parents=29)).answer is Answer.NONE
