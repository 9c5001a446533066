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
    def forward(self, value: float = ..., size: int = ...) -> None: ...
    def load(self) -> bool: ...
    def _load(self) -> bool: ...
    def __call__(self, ago: Any = ..., line: int = ...) -> Any: ...
