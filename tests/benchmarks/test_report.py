"""The report in both forms."""

from __future__ import annotations

import json

from benchmarks.goals import verdicts
from benchmarks.report import as_json, markdown, number
from benchmarks.results import Line
from benchmarks.rungs import RUNGS
from tests.benchmarks.results import line, numbers, results

FACTS = {
    "command": "script/bench quick",
    "at": "2027-01-31 18:00 UTC",
    "commit": "0123456789ab",
    "plan": {"rounds": 3, "seconds": 2, "most_connections": 100},
    "machine": {"cores": 2, "cpu": "AMD", "memory_mib": 4096, "kernel": "6.1"},
    "versions": {"nginx": "1.22.1"},
}
FOUND = results(
    line("me", numbers(200), numbers(3000), numbers(400)),
    Line("bulk", "many", "Section", 1, missing="not available: status 404"),
    memory=(50.4,),
)


def test_a_line_has_its_median_spread_errors_and_cpu():
    text = markdown(FOUND, verdicts(FOUND), FACTS)
    row = next(each for each in text.splitlines() if each.startswith("| me |"))
    assert row == (
        "| me | 100 | 200 (100–1,500) | 5.00 | 9.00 | 0 | 2.50 | 0.00 | 0.00 | 0.00 |"
    )


def test_a_line_that_is_missing_says_why():
    text = markdown(FOUND, verdicts(FOUND), FACTS)
    assert "| many | 1 | not available: status 404 |" in text


def test_all_rows_of_a_table_have_as_many_cells_as_its_head():
    text = markdown(FOUND, verdicts(FOUND), FACTS)
    widths: list[set[int]] = []
    for block in text.split("\n\n"):
        rows = [row for row in block.splitlines() if row.startswith("|")]
        widths += [{row.count("|") for row in rows}] if rows else []
    assert [len(width) for width in widths] == [1] * len(widths)
    assert len(widths) == 3


def test_goals_and_facts_are_in_both_forms():
    judged = verdicts(FOUND)
    text = markdown(FOUND, judged, FACTS)
    assert "| `me`, application CPU | 2.50 ms | ≤ 1.5 ms | **no** |" in text
    assert "| memory of the largest worker (PSS) | 50.4 MiB | ≤ 60 MiB | yes |" in text
    assert "not measured" in text
    assert "coordinated omission" in text
    document = json.loads(json.dumps(as_json(FOUND, judged, FACTS)))
    assert document["commit"] == "0123456789ab"
    assert document["lines"][0]["median"]["requests_per_second"] == 200
    assert len(document["goals"]) == len(judged)


def test_numbers_have_about_three_digits():
    assert [number(value) for value in (0.123, 1.234, 12.34, 1234.5)] == [
        "0.12",
        "1.23",
        "12.3",
        "1,234",
    ]


def test_every_rung_has_a_name_of_its_own_and_its_section_in_one_place():
    names = [rung.name for rung in RUNGS]
    assert len(names) == len(set(names))
    sections = list(dict.fromkeys(rung.section for rung in RUNGS))
    in_order = sorted(RUNGS, key=lambda rung: sections.index(rung.section))
    assert in_order == RUNGS
