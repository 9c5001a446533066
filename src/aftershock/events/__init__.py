"""Dated events: what they are, when they reach a price, and what an unlock adds."""
