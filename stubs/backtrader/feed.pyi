from typing import Any

from backtrader import LineBuffer

class Lines:
    datetime: LineBuffer
    open: LineBuffer
    high: LineBuffer
    low: LineBuffer
    close: LineBuffer
    volume: LineBuffer
    openinterest: LineBuffer

class DataBase:
    _name: str
    lines: Lines
    datetime: LineBuffer
    open: LineBuffer
    high: LineBuffer
    low: LineBuffer
    close: LineBuffer
    volume: LineBuffer
    p: Any
    def __init__(self, **kwargs: Any) -> None: ...
    def __len__(self) -> int: ...
    def _load(self) -> bool: ...
