from __future__ import annotations

import pytest

from fercurate.errors import first_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("bad\nand more"), "bad"),
        (ValueError("  bad  "), "bad"),
        (ValueError(""), "ValueError"),
        (KeyError(), "KeyError"),
    ],
)
def test_the_first_line_of_an_error(error: Exception, line: str) -> None:
    assert first_line(error) == line
