"""A list of images, and a list of annotations that say whose they are: COCO's form, and AI-Hub's.

Entries stay as the bytes that they are in the file until their row is read.
What is decoded at the start is whose annotation each one is: 8 bytes each. So
an entry that is wrong costs itself, and memory is little more than the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from msgspec import Raw, Struct
from numpy.typing import NDArray

from pipelines.readers.drafts import BadInput, Draft
from pipelines.readers.lookup import decode

#: pandas makes floats of a column's numbers where one is missing. Not `float` alone, for
#: which large ids are the same; 7.0 and 7 are one key.
Id = int | float | str


class _Identity(Struct):
    """Of an entry of `images`."""

    id: Id


class _Owner(Struct):
    """Of an annotation."""

    image_id: Id


_IDENTITIES, _OWNERS = msgspec.json.Decoder(_Identity), msgspec.json.Decoder(_Owner)


@dataclass(frozen=True)
class Owned:
    """Which annotations are whose."""

    images: Sequence[Raw]
    annotations: Sequence[Raw]
    #: Ids that more than one image has.
    repeated: frozenset[Id]
    #: Indices of annotations: first those of no image, then those of each image.
    _order: NDArray[np.int64]
    #: Where in `_order` each image's begin; one more than images, for the end.
    _begins: NDArray[np.int64]

    @staticmethod
    def of(images: Sequence[Raw], annotations: Sequence[Raw]) -> Owned:
        """The two lists of a file."""
        positions: dict[Id | None, int] = {}
        repeated: set[Id] = set()
        for position, raw in enumerate(images):
            key = _id(raw, _IDENTITIES)
            if key is not None and positions.setdefault(key, position) != position:
                repeated.add(key)
        owners = np.fromiter((positions.get(_id(raw, _OWNERS), -1) for raw in annotations), int)
        order = np.argsort(owners, kind="stable")
        begins = np.searchsorted(owners, np.arange(len(images) + 1), sorter=order)
        return Owned(images, annotations, frozenset(repeated), order, begins)

    def of_image(self, index: int) -> list[int]:
        """Indices of an image's annotations, in the order of the file."""
        return self._order[self._begins[index] : self._begins[index + 1]].tolist()

    def of_none(self) -> list[int]:
        """Indices of annotations whose image is not listed."""
        return self._order[: self._begins[0]].tolist()

    def orphan(self, index: int) -> Draft:
        """Raises BadInput: what an annotation of no image is wrong with."""
        raw = self.annotations[index]
        owner = decode(raw, _Owner, "bad_annotation").image_id
        raise BadInput("image_not_listed", f"no image has the id {owner!r}", bytes(raw))


def _id(raw: Raw, decoder: msgspec.json.Decoder) -> Id | None:
    """None where the entry is not of the form: reading its row will say so."""
    try:
        entry = decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return entry.id if isinstance(entry, _Identity) else entry.image_id
