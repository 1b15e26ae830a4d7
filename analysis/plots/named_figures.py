"""The three figures that design reviews ask for first. Each is a comparison with its settings and metrics filled in."""

from typing import NamedTuple, Optional


class NamedFigure(NamedTuple):
    x: str
    by: Optional[str]
    metrics: tuple
    title: str
    help: str


FIGURES = {
    "amplification": NamedFigure(
        "storage.compaction.strategy", None, ("write_amplification", "read_amplification", "space_amplification_mean"),
        "Write, read and space amplification of each compaction strategy",
        "write, read and space amplification by compaction strategy"),
    "resurrection": NamedFigure(
        "storage.gc_grace", None, ("resurrected_keys",), "Deleted keys that came back, against gc_grace",
        "resurrected keys against storage.gc_grace"),
    "quorum": NamedFigure(
        "replication.read", "replication.write", ("stale_read_rate", "read_latency_p99_ms", "write_latency_p99_ms"),
        "What read and write quorums cost, and what they buy",
        "stale reads and latency by the replicas that must answer"),
}
