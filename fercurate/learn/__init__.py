"""One trainer for the audit and for the final model.

Imports torch, torchvision and numpy alone, so that it also runs on a machine that has
nothing else of this project's dependencies.
"""
