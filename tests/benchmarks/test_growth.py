"""The curves of how costs grow."""

from __future__ import annotations

from xml.etree import ElementTree

from benchmarks.growth.svg import drawn

CURVES = {
    "first page": [(10_000, 2.5), (1_000_000, 2.6), (5_000_000, 250)],
    "search & find": [(10_000, 0.4), (1_000_000, 11), (5_000_000, 12)],
}


def test_curves_are_drawn_with_their_names_and_last_values():
    picture = drawn("Reads <of all>", "todos", CURVES)
    root = ElementTree.fromstring(picture)  # noqa: S314  (made here)
    texts = [node.text for node in root.findall("{*}text")]
    assert "Reads <of all>" in texts
    assert {"first page: 250", "search & find: 12"} <= set(texts)
    assert {"10 k", "1 M", "5 M", "1 ms", "10 ms", "100 ms"} <= set(texts)
    lines = [node.attrib["points"].split() for node in root.findall("{*}polyline")]
    assert list(map(len, lines)) == [3, 3]


def test_more_todos_are_further_right_and_more_time_is_higher():
    root = ElementTree.fromstring(drawn("Reads", "todos", CURVES))  # noqa: S314
    first, *_others = (
        node.attrib["points"].split() for node in root.findall("{*}polyline")
    )
    xs, ys = zip(*(map(float, point.split(",")) for point in first), strict=True)
    assert list(xs) == sorted(set(xs))
    assert ys[0] > ys[1] > ys[2] > 0


def test_a_single_size_is_drawn_as_well():
    assert "<circle" in drawn("Reads", "todos", {"first page": [(10_000, 2.5)]})
