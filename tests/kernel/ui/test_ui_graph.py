"""The graph of linked accounts: the same picture every time, readable, whole."""

from __future__ import annotations

import random
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.kernel.ui import graph
from safeconduct.kernel.ui.graph import Edge, Node


def star(count: int) -> tuple[list[Node], list[Edge]]:
    nodes = [Node("n0", "card", "card 4242", focus=True)]
    nodes += [Node(f"n{i}", ("device", "seller", "buyer")[i % 3], f"thing {i}") for i in range(1, count)]
    return nodes, [Edge(f"n{i}", f"n{(i - 1) // 3}", strong=i % 5 == 0) for i in range(1, count)]


def boxes(nodes: list[Node], edges: list[Edge]) -> list[tuple[float, float, float, float]]:
    kept, links, _hidden = graph._select(nodes, edges)
    width, height = graph._canvas(len(kept))
    spots = graph.layout(kept, links, width, height).values()
    return [(s.x - s.half_width, s.y - s.above, s.x + s.half_width, s.y + s.below) for s in spots]


def test_the_same_links_give_the_same_picture_in_whatever_order_they_come() -> None:
    nodes, edges = star(25)
    expected = graph.draw(nodes, edges)
    for seed in range(3):
        chance = random.Random(seed)
        chance.shuffle(nodes)
        chance.shuffle(edges)
        assert graph.draw(nodes, edges) == expected


@pytest.mark.parametrize("count", [1, 2, 3, 8, 14, 15, 30])
def test_neither_nodes_nor_names_cover_each_other(count: int) -> None:
    placed = boxes(*star(count))
    for i, a in enumerate(placed):
        for b in placed[i + 1 :]:
            over_x = min(a[2], b[2]) - max(a[0], b[0])
            over_y = min(a[3], b[3]) - max(a[1], b[1])
            assert over_x <= 1.5 or over_y <= 1.5


def test_sixty_crowded_nodes_hardly_overlap() -> None:
    placed = boxes(*star(60))
    overlapping = sum(
        min(a[2], b[2]) - max(a[0], b[0]) > 4 and min(a[3], b[3]) - max(a[1], b[1]) > 4
        for i, a in enumerate(placed)
        for b in placed[i + 1 :]
    )
    assert overlapping <= 3


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_graph_stays_on_its_canvas_without_broken_numbers(data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 18))
    ids = [f"n{i}" for i in range(count)]
    focus = data.draw(st.sets(st.sampled_from(ids))) if ids else set()
    nodes = [
        Node(i, data.draw(st.sampled_from(["card", "odd"])), data.draw(st.text("ab你 ", max_size=20)), focus=i in focus)
        for i in ids
    ]
    ends = st.sampled_from([*ids, "unknown"])
    edges = [Edge(a, b) for a, b in data.draw(st.lists(st.tuples(ends, ends), max_size=30))]
    drawn = graph.draw(nodes, edges)
    ElementTree.fromstring(drawn)
    assert "nan" not in drawn and "inf" not in drawn
    width, height = graph._canvas(count)
    for left, top, right, bottom in boxes(nodes, edges):
        assert left >= -1 and top >= -1 and right <= width + 1 and bottom <= height + 1


def test_more_nodes_than_a_picture_holds_are_counted_and_the_nearest_are_kept() -> None:
    nodes, edges = star(75)
    drawn = graph.draw(nodes, edges)
    assert "15 more are not drawn." in drawn
    assert ">card 4242<" in drawn and drawn.count('class="node ') == 60


def test_a_name_from_outside_cannot_write_markup() -> None:
    drawn = graph.draw(
        [Node("a", "card", "<script>x</script>", focus=True), Node("b", "<i>", "ok")], [Edge("a", "b", '"<b>')]
    )
    assert "<script" not in drawn and "<i>" not in drawn and "<b>" not in drawn


def test_the_table_says_the_same_as_the_picture() -> None:
    drawn = ElementTree.fromstring(
        graph.draw([Node("c", "card", "4242", focus=True), Node("d", "device", "phone")], [Edge("c", "d")])
    )
    rows = ["|".join(cell.strip() for cell in row.itertext()) for row in drawn.findall(".//tbody/tr")]
    assert [r.replace("||", "|") for r in rows] == ["4242| |Card|phone".replace("| |", "|"), "phone|Device|4242"]
    description = drawn.find(".//desc")
    assert description is not None and description.text == "1 link. 4242 is linked with phone."
