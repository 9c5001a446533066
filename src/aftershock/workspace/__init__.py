"""A workspace: a folder with events, studies, strategies and settings, and how it is run."""
