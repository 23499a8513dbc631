"""What the audit says of a reviewer, on the page of that one: a real Chromium, the real App."""

from __future__ import annotations

from pathlib import Path

import pytest
from desk_page import WAIT
from recorded import write_json
from review_browser import browser, needs_chromium
from review_process import Review, made

pytestmark = needs_chromium

SAID = {who: f"The verdicts of {who} repeat the given label." for who in ("ann", "bob")}


@pytest.mark.parametrize(("mode", "n"), [((), 1), (("--sample", "24"), 0)])
def test_only_a_sighted_reviewer_is_told_of_their_own_verdicts(
    tmp_path: Path, mode: tuple[str, ...], n: int
) -> None:
    (tmp_path / "home").mkdir()
    workspace = made(tmp_path / "faces")
    reviewers = [{"who": who, "messages": [said]} for who, said in SAID.items()]
    write_json(workspace.audit_summary_path, {"fingerprint": "first", "reviewers": reviewers})
    review = Review(workspace, tmp_path / "home", "--who", "ann", "--no-browser", *mode)
    try:
        with browser() as chromium:
            page = chromium.new_page(viewport={"width": 1280, "height": 720})
            page.set_default_timeout(WAIT)
            page.goto(f"http://127.0.0.1:{review.port}/?token={review.token}")
            page.wait_for_selector("[data-cy=fcr-start]")
            assert page.locator("[data-cy=fcr-start]").count() == 1
            notice = page.locator("[data-cy=fcr-panel]:visible [data-cy=fcr-reviewer]")
            assert notice.count() == n
            if n:
                assert SAID["ann"] in notice.inner_text()
            assert SAID["bob"] not in page.content()
    finally:
        assert review.stop()[0] == 0
