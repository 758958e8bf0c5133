"""Decoding of JSON that anyone may have written. No torch."""

from __future__ import annotations

from typing import Any, TypeVar, overload

import msgspec

T = TypeVar("T")


@overload
def decode(content: bytes | str) -> Any: ...
@overload
def decode(content: bytes | str, kind: type[T]) -> T: ...
def decode(content: bytes | str, kind: Any = Any) -> Any:
    """Decode JSON.

    Raises:
        msgspec.DecodeError: it is none, is of another type, is no UTF-8, or is nested too deeply to be read.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except RecursionError:
        raise msgspec.DecodeError("JSON is nested too deeply") from None
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(f"JSON is not UTF-8 (byte {error.start})") from None
