"""The page of a run, drawn from the run's folder and nothing else."""
