class _LineForward:
    ago: int
