"""The Merkle tree of RFC 6962 and RFC 9162 (SHA-256): hashes, proofs and their verification. No database, no Django.

A leaf's ``index`` counts from 0; a tree of ``size`` n has the leaves 0 … n-1. A *node* ``(level, place)`` is the root of
the complete subtree over the leaves ``place * 2**level`` … ``(place + 1) * 2**level - 1``; a leaf is a node of level 0.
Complete subtrees never change once they are there, so they can be stored; the rest of a tree is folded from its *peaks*,
the largest complete subtrees from left to right. Every hash is ``WIDTH`` bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

Node = tuple[int, int]

WIDTH = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


# --- building --------------------------------------------------------------------------------------------------------


def append(peaks: list[bytes], size: int, leaf: bytes) -> list[bytes]:
    """Put leaf number ``size`` behind a tree of that size: ``peaks`` become those of the tree with it.

    Return the nodes that are complete from now on: of level 0 (the leaf itself), 1, 2 … as many as there are.
    """
    made = [leaf]
    while size & 1:
        leaf = node_hash(peaks.pop(), leaf)
        made.append(leaf)
        size >>= 1
    peaks.append(leaf)
    return made


def root(peaks: list[bytes]) -> bytes:
    """The root of the tree with these peaks."""
    if not peaks:
        return EMPTY_ROOT
    found = peaks[-1]
    for peak in reversed(peaks[:-1]):
        found = node_hash(peak, found)
    return found


def nodes_over(start: int, end: int) -> list[Node]:
    """The nodes that cover the leaves ``start`` … ``end - 1``, largest first, where ``start`` is a multiple of the
    largest one's width: of a whole tree (``start`` 0) its peaks.
    """
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def completed_by(node: Node) -> int:
    """The index of the last leaf under a node: the one whose arrival completed it."""
    level, place = node
    return ((place + 1) << level) - 1


# --- proving ---------------------------------------------------------------------------------------------------------


def inclusion_proof(index: int, size: int, read: Callable[[list[Node]], dict[Node, bytes]]) -> list[bytes]:
    """That leaf ``index`` is in the tree of ``size``. ``read`` is asked once for all the nodes it takes.

    Raise ``ValueError`` when that tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    return _folded(_beside(index, 0, size), read)


def consistency_proof(old: int, new: int, read: Callable[[list[Node]], dict[Node, bytes]]) -> list[bytes]:
    """That the tree of size ``new`` begins with the one of size ``old``.

    Raise ``ValueError`` unless 0 < old <= new: of an empty tree there is nothing to prove (RFC 9162, 2.1.4).
    """
    if not 0 < old <= new:
        raise ValueError(f"a tree of {new} leaves can't be proven to begin with one of {old}")
    return [] if old == new else _folded(_kept(old, 0, new, whole=True), read)


def _folded(ranges: list[tuple[int, int]], read: Callable[[list[Node]], dict[Node, bytes]]) -> list[bytes]:
    parts = [nodes_over(start, end) for start, end in ranges]
    known = read([node for nodes in parts for node in nodes])
    return [root([known[node] for node in nodes]) for nodes in parts]


def _split(start: int, end: int) -> int:
    """Where the tree over ``start`` … ``end - 1`` divides: behind the largest power of two that is smaller than it."""
    return start + (1 << ((end - start - 1).bit_length() - 1))


def _beside(index: int, start: int, end: int) -> list[tuple[int, int]]:
    """The subtrees beside the way from a leaf up to the root, as ranges of leaves."""
    found = []
    while end - start > 1:
        middle = _split(start, end)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    return found[::-1]


def _kept(old: int, start: int, end: int, *, whole: bool) -> list[tuple[int, int]]:
    """SUBPROOF of RFC 9162, 2.1.4.1, as ranges of leaves."""
    found = []
    while old != end:
        middle = _split(start, end)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start, whole = middle, False
    if not whole:
        found.append((start, end))
    return found[::-1]


# --- verifying -------------------------------------------------------------------------------------------------------


def verify_inclusion(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    """Whether ``proof`` shows that the tree of ``size`` and ``root`` has the leaf hash ``leaf`` at ``index``.

    RFC 9162, 2.1.3.2. Nonsense is False, never an error.
    """
    if not 0 <= index < size or any(len(each) != WIDTH for each in (leaf, *proof)):
        return False
    place, last, found = index, size - 1, leaf
    for beside in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(beside, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: list[bytes]) -> bool:
    """Whether ``proof`` shows that the new tree begins with the old one (RFC 9162, 2.1.4.2).

    Nonsense is False, and so is an old tree that is empty: everything begins with it, which proves nothing.
    """
    if not 0 < old_size <= new_size or any(len(each) != WIDTH for each in proof):
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    path: Iterable[bytes] = proof
    if not old_size & (old_size - 1):  # a complete tree is a node of the new one, and needs no proof of its own
        path = [old_root, *proof]
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    rest = iter(path)
    first = next(rest, None)
    if first is None:
        return False
    old_found = new_found = first
    for beside in rest:
        if last == 0:
            return False
        if place & 1 or place == last:
            old_found, new_found = node_hash(beside, old_found), node_hash(beside, new_found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new_found = node_hash(new_found, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and old_found == old_root and new_found == new_root
