"""Commands with which a person settles what the audit doubts, and what follows from it."""

from __future__ import annotations
