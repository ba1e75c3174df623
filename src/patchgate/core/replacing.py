"""`dataclasses.replace` for values of many fields, at a small part of its cost.

Folding a stream makes a new state for every event; the library's own function reads all fields
one by one each time. A frozen dataclass without slots and without a `__post_init__` is its
`__dict__`, which can be copied at once. Type checkers see the library's function, and so check
the names and types of what is replaced.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import replace
else:

    def replace(value: Any, /, **changes: Any) -> Any:
        """The value with some fields changed; TypeError for one that it does not have."""
        known = getattr(value, "__dict__", None)
        if known is None:
            return dataclasses.replace(value, **changes)
        made = object.__new__(type(value))
        fields = made.__dict__
        fields.update(known)
        fields.update(changes)
        if len(fields) != len(known):
            strange = next(name for name in changes if name not in known)
            raise TypeError(f"{type(value).__name__} has no field {strange!r}")
        return made


__all__ = ["replace"]
