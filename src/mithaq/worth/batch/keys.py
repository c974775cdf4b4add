"""What names an item, and what names the work that a store was begun for."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from typing import Any

import numpy as np
import pandas as pd

from mithaq.errors import ModelError

__all__ = ["content_key", "identity", "name_of"]


def content_key(value: object) -> str:
    """Return a short hash of a plain value's ``repr``; equal values have equal keys.

    An item that has a text attribute ``key`` names itself.

    >>> content_key(("a", 1)) == content_key(("a", 1))
    True
    """
    own = getattr(value, "key", None)
    if isinstance(own, str):
        return own
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def identity(value: object) -> str:
    """Return a hash of what a value holds, the same in every process and on every machine.

    A value that has a text attribute ``key`` or ``hash``, as a chain has, names itself. Raises
    ModelError for a value whose content cannot be told.

    >>> identity({"b": 1, "a": [2.0, None]}) == identity({"a": [2.0, None], "b": 1})
    True
    """
    plain = json.dumps(_plain(value), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()


def name_of(task: object) -> str:
    """Return where a task stands: module and name, with its settings if it is a dataclass."""
    kind = task if hasattr(task, "__qualname__") else type(task)
    name = f"{kind.__module__}.{kind.__qualname__}"
    settings = f" {identity(task)[:16]}" if dataclasses.is_dataclass(task) else ""
    return name + settings


def _plain(value: Any) -> Any:
    """The value as JSON can say it, with its kind wherever two kinds could look alike."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | np.generic):
        return {"number": repr(value.item() if isinstance(value, np.generic) else value)}
    for name in ("key", "hash"):
        if isinstance(own := getattr(value, name, None), str):
            return {type(value).__name__: own}
    if isinstance(value, np.ndarray):
        data = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return {"array": [str(value.dtype), list(value.shape), data]}
    if isinstance(value, pd.Series):
        return {"series": [_plain(list(value.index)), _plain(value.to_numpy())]}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {type(value).__name__: fields}
    if isinstance(value, Mapping):
        pairs = [[_plain(key), _plain(item)] for key, item in value.items()]
        return {"mapping": sorted(pairs, key=json.dumps)}
    if isinstance(value, Set):
        return {"set": sorted((_plain(item) for item in value), key=json.dumps)}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_plain(item) for item in value]
    raise ModelError(
        f"what a {type(value).__name__} holds cannot be told from another; for a batch that is "
        "kept give it a text attribute 'key'"
    )
