"""Hashes, proofs and tiles of the Merkle tree, against published answers and against a plain reading of the RFC."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.foundation.merkle.hashing import EMPTY_ROOT, leaf_hash, node_hash, tree_root
from safeconduct.foundation.merkle.proofs import (
    ProofRefused,
    consistency_spans,
    inclusion_spans,
    verify_consistency,
    verify_inclusion,
)
from safeconduct.foundation.merkle.tiles import (
    Edge,
    Tile,
    bundle,
    edge_tiles,
    parse_number,
    span_hash,
    split_hashes,
    tile_path,
    tiles_of,
)

# Inputs and roots of transparency-dev/merkle, testonly/constants.go (Apache-2.0): values only.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]  # fmt: skip
MOST = 130
LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(70_000)]


def plain_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(plain_root(leaves[:split]), plain_root(leaves[split:]))


def hashes_of(spans: list[tuple[int, int]], leaves: Sequence[bytes] = LEAVES) -> list[bytes]:
    return [plain_root(leaves[start:end]) for start, end in spans]


ROOT_OF = [plain_root(LEAVES[:size]) for size in range(MOST + 1)]


def test_published_roots_are_ours() -> None:
    leaves = [leaf_hash(bytes.fromhex(text)) for text in INPUTS]
    assert [tree_root(leaves[:size]).hex() for size in range(1, 9)] == ROOTS
    assert tree_root([]) == EMPTY_ROOT == hashlib.sha256(b"").digest()


def test_the_root_of_any_size_is_that_of_the_rfc() -> None:
    assert [tree_root(LEAVES[:size]) for size in range(MOST + 1)] == ROOT_OF


def test_every_entry_of_every_small_tree_is_proved_and_at_no_other_place() -> None:
    for size in range(1, 66):
        for index in range(size):
            proof = hashes_of(inclusion_spans(index, size))
            verify_inclusion(LEAVES[index], index, size, proof, ROOT_OF[size])
            if size > 1:
                with pytest.raises(ProofRefused):
                    verify_inclusion(LEAVES[index], (index + 1) % size, size, proof, ROOT_OF[size])


def test_every_tree_up_to_130_is_the_beginning_of_every_larger_one() -> None:
    for new in range(1, MOST + 1):
        for old in range(1, new + 1):
            proof = hashes_of(consistency_spans(old, new))
            verify_consistency(old, new, ROOT_OF[old], ROOT_OF[new], proof)
            with pytest.raises(ProofRefused):
                verify_consistency(old, new, ROOT_OF[old - 1], ROOT_OF[new], proof)


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 1), (0, 5), (3, 2), (-1, 2)])
def test_a_proof_from_nothing_or_backwards_is_refused(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        consistency_spans(old, new)
    with pytest.raises(ProofRefused):
        verify_consistency(old, new, EMPTY_ROOT, ROOT_OF[max(new, 0)], [])


@st.composite
def place_in_tree(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(st.integers(1, 1000))
    return draw(st.integers(0, size - 1)), size


@settings(max_examples=60, deadline=None)
@given(place_in_tree(), st.data())
def test_a_proof_with_any_bit_changed_proves_nothing(place: tuple[int, int], data: st.DataObject) -> None:
    index, size = place
    proof, root = hashes_of(inclusion_spans(index, size)), plain_root(LEAVES[:size])
    verify_inclusion(LEAVES[index], index, size, proof, root)
    parts = [LEAVES[index], root, *proof]
    which, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    parts[which] = (int.from_bytes(parts[which], "big") ^ (1 << bit)).to_bytes(32, "big")
    with pytest.raises(ProofRefused):
        verify_inclusion(parts[0], index, size, parts[2:], parts[1])
    with pytest.raises(ProofRefused):
        verify_inclusion(LEAVES[index], index, size, [*proof, root], root)
    if proof:
        with pytest.raises(ProofRefused):
            verify_inclusion(LEAVES[index], index, size, proof[:-1], root)


@settings(max_examples=60, deadline=None)
@given(place_in_tree(), st.data())
def test_a_consistency_proof_with_any_bit_changed_proves_nothing(place: tuple[int, int], data: st.DataObject) -> None:
    old, new = place[0] + 1, place[1]
    proof = hashes_of(consistency_spans(old, new))
    parts = [plain_root(LEAVES[:old]), plain_root(LEAVES[:new]), *proof]
    verify_consistency(old, new, parts[0], parts[1], parts[2:])
    which, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    parts[which] = (int.from_bytes(parts[which], "big") ^ (1 << bit)).to_bytes(32, "big")
    with pytest.raises(ProofRefused):
        verify_consistency(old, new, parts[0], parts[1], parts[2:])


class Stored:
    """A tree kept as tiles, as the record keeps it: full ones once, partial ones from the edge."""

    def __init__(self, *batches: int) -> None:
        self.edge, self.full = Edge(), {}
        for batch in batches:
            for tile in self.edge.extend(LEAVES[self.edge.size : self.edge.size + batch]):
                assert (tile.level, tile.number) not in self.full, "a full tile is made once"
                self.full[tile.level, tile.number] = tile.hashes

    def tiles(self) -> dict[tuple[int, int], bytes]:
        partial = {(t.level, t.number): b"".join(self.edge.levels[t.level]) for t in edge_tiles(self.edge.size)}
        assert all(len(partial[t.level, t.number]) == 32 * t.width for t in edge_tiles(self.edge.size))
        return self.full | partial


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 600), min_size=1, max_size=4), st.data())
def test_tiles_prove_the_same_as_the_whole_list(batches: list[int], data: st.DataObject) -> None:
    stored = Stored(*batches)
    size = sum(batches)
    assert stored.edge.size == size
    assert stored.edge.root() == plain_root(LEAVES[:size])
    if size == 0:
        return
    tiles = stored.tiles()
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    for spans in (inclusion_spans(index, size), consistency_spans(old, size)):
        wanted = tiles_of(spans, size)
        assert {(t.level, t.number): t.width * 32 for t in wanted} == {
            (t.level, t.number): len(tiles[t.level, t.number]) for t in wanted
        }
        few = {(t.level, t.number): tiles[t.level, t.number] for t in wanted}
        assert [span_hash(span, few) for span in spans] == hashes_of(spans)


def test_a_proof_in_a_tree_of_three_levels_needs_few_tiles() -> None:
    stored = Stored(65_536, 4_000)
    tiles = stored.tiles()
    for index in (0, 65_535, 65_536, 69_535):
        spans = inclusion_spans(index, 69_536)
        wanted = tiles_of(spans, 69_536)
        assert len(wanted) <= 6
        proof = [span_hash(span, {(t.level, t.number): tiles[t.level, t.number] for t in wanted}) for span in spans]
        verify_inclusion(LEAVES[index], index, 69_536, proof, stored.edge.root())


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(2, 5, 17), "tile/2/005.p/17"),
        (Tile(0, 1000, 1), "tile/0/x001/000.p/1"),
    ],
)
def test_tiles_are_published_where_c2sp_says(tile: Tile, path: str) -> None:
    assert tile_path(tile) == path
    assert parse_number(path.split("/", 2)[2]) == (tile.number, tile.width)


@pytest.mark.parametrize(
    "text", ["", "0", "0000", "x000/001", "001/002", "001.p/0", "001.p/256", "001.p/07", "x1/001", "001.p/", "-01"]
)
def test_another_spelling_of_a_tile_is_no_tile(text: str) -> None:
    assert parse_number(text) is None


def test_entries_are_bundled_with_their_lengths() -> None:
    assert bundle([b"a", b"", b"bcd"]) == b"\x00\x01a\x00\x00\x00\x03bcd"
    with pytest.raises(ValueError, match="65,535"):
        bundle([b"x" * 65_536])


def test_split_hashes_gives_back_what_was_joined() -> None:
    assert split_hashes(b"".join(LEAVES[:5])) == LEAVES[:5]
