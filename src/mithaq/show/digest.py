"""The fingerprint of a record: two reports with the same one rest on the same claims."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mithaq.record import Record

__all__ = ["of_record"]


def of_record(record: Record) -> str:
    """SHA-256 over the identifiers of all claims, in hexadecimal."""
    joined = "\n".join(sorted(claim.identifier for claim in record.claims))
    return hashlib.sha256(joined.encode("ascii")).hexdigest()
