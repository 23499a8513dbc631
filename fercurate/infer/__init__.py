"""Trained models as files, and how faces are classified with them.

Shared by train, evaluate, predict and live. Nothing here loads a pickle.
"""
