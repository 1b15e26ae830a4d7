"""Values of settings as scenario files spell them: "10d", "64MiB", "1%", "200/s", 3, "QUORUM".

A swept setting's values lie on an axis. Where all of them are quantities of one kind they are ordered by size and
may be placed to scale; otherwise they are categories, in the order of the sweep.
"""

import re
from typing import NamedTuple, Optional

# Units of each kind, in its base unit: seconds, bytes, per second. As the scenario reader takes them.
UNITS = {
    "duration": {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0},
    "size": {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30},
    "rate": {"/s": 1.0, "/m": 1 / 60, "/h": 1 / 3600},
    "bandwidth": {"B/s": 1, "KiB/s": 2**10, "MiB/s": 2**20, "GiB/s": 2**30},
    "share": {"%": 0.01},
}


class Quantity(NamedTuple):
    kind: str
    amount: float


def parse(value) -> Optional[Quantity]:
    """The quantity that a setting's value spells, or None if it is a name, a list or an object."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return Quantity("number", float(value))
    if not isinstance(value, str):
        return None
    match = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)(\D*)", value)
    if match is None:
        return None
    for kind, units in UNITS.items():
        if match[2] in units:
            return Quantity(kind, float(match[1]) * units[match[2]])
    return Quantity("number", float(match[1])) if match[2] == "" else None


def spell(value) -> str:
    """A value as axes and legends show it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return ", ".join(f"{key} {spell(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return "[" + ", ".join(spell(inner) for inner in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def of_one_kind(values) -> bool:
    """Whether all of them are quantities that can be put in order."""
    kinds = {quantity.kind if quantity else None for quantity in map(parse, values)}
    return len(kinds) == 1 and None not in kinds


def in_order(values) -> list:
    """By size if they are quantities of one kind, else as they come."""
    return sorted(values, key=lambda value: parse(value).amount) if of_one_kind(values) else list(values)
