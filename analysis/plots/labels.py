"""What the figures of a run are called on an axis, and in which unit.

A name without an entry is its own label; its unit is the one that `revenant compare` gives, or the name's ending.
"""

from typing import NamedTuple


class Label(NamedTuple):
    text: str
    unit: str
    percent: bool = False  # the figure is a share of one, shown in per cent

    def scale(self, greatest: float):
        """What figures up to `greatest` are divided by to be shown, and the unit that they then have."""
        if self.percent:
            return 0.01, self.unit
        if self.unit == "B":
            return next((size, unit) for size, unit in BYTE_UNITS if greatest >= size or size == 1)
        return 1, self.unit


BYTE_UNITS = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))


LABELS = {
    "write_amplification": Label("write amplification", "bytes written per byte applied"),
    "device_write_amplification": Label("device write amplification", "device bytes per byte applied"),
    "read_amplification": Label("read amplification", "data blocks per point read"),
    "space_amplification": Label("space amplification at the end", "bytes stored per live byte"),
    "space_amplification_mean": Label("space amplification over time", "bytes stored per live byte"),
    "space_amplification_max": Label("greatest space amplification", "bytes stored per live byte"),
    "sstables_per_read": Label("SSTables per point read", "SSTables"),
    "availability": Label("availability", "% of operations", percent=True),
    "stale_read_rate": Label("stale reads", "% of reads", percent=True),
    "bloom_false_positive_rate": Label("Bloom filter false positives", "% of absent keys", percent=True),
    "block_cache_hit_rate": Label("block cache hits", "% of blocks", percent=True),
    "resurrected_keys": Label("resurrected keys", "keys"),
    "resurrected_at_end": Label("keys resurrected at the end", "keys"),
    "keys_at_risk": Label("keys at risk", "keys"),
    "diverged_keys": Label("diverged keys", "keys"),
    "lost_acknowledged_writes": Label("lost acknowledged writes", "keys"),
    "stale_reads": Label("stale reads", "reads"),
    "resurrected_reads": Label("resurrected reads", "reads"),
    "throughput": Label("throughput", "operations per second"),
    "nodes_up": Label("nodes up", "nodes"),
    "operations_ok": Label("operations that succeeded", "operations"),
    "sstables": Label("SSTables", "files"),
    "tombstones_live": Label("live tombstones", "tombstones"),
    "hints_pending_bytes": Label("hints waiting", "B"),
    "disk_bytes": Label("bytes on disk", "B"),
    "live_bytes": Label("live bytes", "B"),
}

# Units that names end with.
ENDINGS = {"_ms": "ms", "_us": "µs", "_s": "s", "_seconds": "s", "_bytes": "B"}


def label(metric: str, unit=None) -> Label:
    """`unit`: what is known of it elsewhere; "" for a count or ratio, None for nothing."""
    if metric in LABELS:
        return LABELS[metric]
    text, ending = metric, ""
    for suffix, name in ENDINGS.items():
        if metric.endswith(suffix):
            text, ending = metric[: -len(suffix)], name
    if metric.startswith("bytes_"):
        ending = "B"
    return Label(text.replace("_", " "), unit or ending or "count")


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def listed(names) -> str:
    """a, b and c."""
    *first, last = names
    return ", ".join(first) + " and " + last if first else last
