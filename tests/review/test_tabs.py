"""One tab has the review."""

from __future__ import annotations

from fercurate.review.tabs import Tabs


def test_the_first_tab_has_the_review_until_another_takes_it() -> None:
    tabs = Tabs()
    assert tabs.arrive("one")
    assert not tabs.arrive("two")
    assert tabs.may_act("one")
    assert not tabs.may_act("two")
    assert tabs.may_act(None), "a call from no page of ours"
    tabs.take("two")
    assert tabs.may_act("two")
    assert not tabs.may_act("one")


def test_a_reload_keeps_the_review_and_a_closed_tab_frees_it() -> None:
    tabs = Tabs()
    tabs.arrive("one")
    assert tabs.arrive("one"), "loaded again before it was noticed that it had left"
    tabs.leave("two")
    assert tabs.may_act("one"), "who has nothing frees nothing"
    tabs.leave("one")
    assert not tabs.may_act("two"), "a tab that waits is not moved by a reload of the other"
    assert tabs.arrive("one")
