"""The stored tree: proofs from it in O(log n) reads, and its latest checkpoint."""

from __future__ import annotations

from reviews.audit import merkle
from reviews.audit.merkle import WIDTH, Node
from reviews.models import Checkpoint, Leaf


class NothingSealed(LookupError):
    """The log has no checkpoint yet."""


def latest() -> Checkpoint:
    """Raise ``NothingSealed`` while there is none."""
    found = Checkpoint.objects.order_by("-size").first()
    if found is None:
        raise NothingSealed("nothing of the audit log is sealed yet")
    return found


def inclusion_proof(index: int, size: int) -> list[bytes]:
    """That leaf ``index`` is in the tree of ``size`` leaves: at most log2(size) + 2 rows are read when a checkpoint has
    that size, twice as many otherwise. Raise ``ValueError`` when that tree has no such leaf.
    """
    return merkle.inclusion_proof(index, size, _Reader(size))


def consistency_proof(old: int, new: int) -> list[bytes]:
    """That the tree of size ``new`` begins with the one of size ``old``, in as few reads. Raise ``ValueError`` unless
    0 < old <= new.
    """
    return merkle.consistency_proof(old, new, _Reader(new))


def root(size: int) -> bytes:
    """The root of the tree at a size that it has or had, from the stored nodes."""
    nodes = merkle.nodes_over(0, size)
    found = stored(nodes)
    return merkle.root([found[node] for node in nodes])


def stored(nodes: list[Node]) -> dict[Node, bytes]:
    """Complete nodes, each read from the leaf that completed it. Raise ``LookupError`` when one isn't there."""
    wanted = {node: merkle.completed_by(node) for node in nodes}
    leaves = Leaf.objects.filter(pk__in=set(wanted.values())).order_by().values_list("pk", "hashes")
    rows = {index: bytes(hashes) for index, hashes in leaves}
    found = {}
    for node, index in wanted.items():
        at = node[0] * WIDTH
        if len(rows.get(index, b"")) < at + WIDTH:
            raise LookupError(f"node {node} of the audit log's tree is not there: leaf {index}")
        found[node] = rows[index][at : at + WIDTH]
    return found


class _Reader:
    """Reads nodes for proofs to one size. The right edge, which is not complete, is in that size's checkpoint."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, nodes: list[Node]) -> dict[Node, bytes]:
        checkpoint = Checkpoint.objects.filter(pk=self.size).first()
        edge = merkle.nodes_over(0, self.size)
        known = dict(zip(edge, checkpoint.hashes, strict=True)) if checkpoint else {}
        return known | stored([node for node in nodes if node not in known])
