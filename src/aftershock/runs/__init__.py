"""Runs: one dated folder each, published whole or not at all."""
