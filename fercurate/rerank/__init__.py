"""The ranking that learns from a reviewer: what audit uses, and evaluate simulates."""
