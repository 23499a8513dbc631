"""One name, one thing: no two classes of evaluate are called alike."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import fercurate.evaluate


def test_each_class_has_a_name_of_its_own() -> None:
    modules = sorted(Path(fercurate.evaluate.__file__).parent.glob("*.py"))
    names = Counter(
        node.name
        for path in modules
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    )
    assert {"ArmScores", "Scores", "Grouping", "View"} <= names.keys()
    assert [name for name, n in names.items() if n > 1] == []
