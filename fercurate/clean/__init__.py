"""Clean: what import, screen, audit and review found, turned into a dataset to train on."""
