"""Whether a backtest's result could be luck: checks over arrays, each refusing too few events."""
