"""The Merkle tree agrees with the public vectors of RFC 6962, and with another library on trees of any size."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pymerkle
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reviews.audit import merkle
from reviews.audit.merkle import Node

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "merkle" / "vectors.json").read_text())


class Tree:
    """All nodes of a tree in memory, built as the log builds its own."""

    def __init__(self, entries: list[bytes]) -> None:
        self.nodes: dict[Node, bytes] = {}
        self.peaks: list[bytes] = []
        self.roots = [merkle.EMPTY_ROOT]
        self.asked = 0
        for index, entry in enumerate(entries):
            for level, made in enumerate(merkle.append(self.peaks, index, merkle.leaf_hash(entry))):
                self.nodes[level, index >> level] = made
            self.roots.append(merkle.root(self.peaks))

    def read(self, nodes: list[Node]) -> dict[Node, bytes]:
        self.asked += 1
        return {node: self.nodes[node] for node in nodes}


def raw(texts: list[str] | None) -> list[bytes]:
    return [base64.b64decode(text) for text in texts or []]


def test_the_roots_of_the_public_trees():
    tree = Tree([bytes.fromhex(leaf) for leaf in VECTORS["leaves"]])
    assert [root.hex() for root in tree.roots] == VECTORS["roots"]


@pytest.mark.parametrize("name", VECTORS["inclusion"])
def test_a_public_vector_of_inclusion(name):
    case = VECTORS["inclusion"][name]
    leaf, root = raw([case["leafHash"], case["root"]])
    holds = merkle.verify_inclusion(leaf, case["leafIdx"], case["treeSize"], raw(case["proof"]), root)
    assert holds is not case["wantErr"], case["desc"]


@pytest.mark.parametrize("name", VECTORS["consistency"])
def test_a_public_vector_of_consistency(name):
    case = VECTORS["consistency"][name]
    old, new = raw([case["root1"], case["root2"]])
    holds = merkle.verify_consistency(case["size1"], old, case["size2"], new, raw(case["proof"]))
    assert holds is not case["wantErr"], case["desc"]


def test_every_proof_of_every_small_tree_holds_and_says_nothing_about_another():
    tree = Tree([b"%d" % number for number in range(20)])
    for size in range(1, 21):
        root = tree.roots[size]
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, tree.read)
            leaf = merkle.leaf_hash(b"%d" % index)
            assert merkle.verify_inclusion(leaf, index, size, proof, root)
            assert not merkle.verify_inclusion(leaf, index ^ 1, size, proof, root)
            assert not merkle.verify_inclusion(leaf, index, size, [*proof, root], root)
            assert not merkle.verify_inclusion(merkle.leaf_hash(b"another"), index, size, proof, root)
        for old in range(1, size + 1):
            proof = merkle.consistency_proof(old, size, tree.read)
            assert merkle.verify_consistency(old, tree.roots[old], size, root, proof)
            assert not merkle.verify_consistency(old, tree.roots[old - 1], size, root, proof)
            assert not merkle.verify_consistency(old, tree.roots[old], size, tree.roots[size - 1], proof)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index, size):
    with pytest.raises(ValueError, match=f"{size} leaves has no leaf {index}"):
        merkle.inclusion_proof(index, size, dict)
    assert not merkle.verify_inclusion(b"", index, size, [], merkle.EMPTY_ROOT)


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 4), (5, 4)])
def test_there_is_no_proof_that_a_tree_begins_with_nothing_or_with_more(old, new):
    with pytest.raises(ValueError, match="can't be proven"):
        merkle.consistency_proof(old, new, dict)


def test_a_proof_asks_once_and_for_few_nodes():
    tree = Tree([b""] * 1000)  # log2 is 10; of the right edge, which is incomplete, there are at most as many again
    for index in (0, 511, 512, 999):
        asked: list[Node] = []
        merkle.inclusion_proof(index, 1000, lambda nodes, asked=asked: asked.extend(nodes) or tree.read(nodes))
        assert len(asked) <= 2 * 10
    assert tree.asked == 4


@settings(max_examples=15)
@given(size=st.integers(1, 2000), data=st.data())
@example(size=2000, data=None)
def test_another_library_agrees(size, data):
    entries = [b"event %d of %d" % (number, size) for number in range(size)]
    ours, theirs = Tree(entries), pymerkle.InmemoryTree.init_from_entries(entries, algorithm="sha256")
    index = data.draw(st.integers(0, size - 1)) if data else 1234
    old = data.draw(st.integers(1, size)) if data else 1025
    assert ours.roots[size] == theirs.get_root()
    assert ours.roots[old] == theirs.get_root(old)
    proof = theirs.prove_inclusion(index + 1, size)
    assert merkle.inclusion_proof(index, size, ours.read) == proof.path[1:]  # theirs begins with the leaf itself
    consistency = merkle.consistency_proof(old, size, ours.read)
    assert merkle.verify_consistency(old, theirs.get_root(old), size, theirs.get_root(), consistency)
