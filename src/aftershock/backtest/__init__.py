"""Backtests around events: backtrader underneath, with the costs a short-seller meets."""
