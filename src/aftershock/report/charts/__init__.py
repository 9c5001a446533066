"""Interactive figures, made with plotly from the files of a run."""
