"""Train: a model from a dataset, resumable by epoch. The front is `stage.run`."""
