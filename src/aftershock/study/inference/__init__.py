"""Tests of abnormal returns; each states its null and says when it does not apply."""
