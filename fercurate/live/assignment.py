"""Pairs rows with columns at the least cost; scipy's does the same, and takes 110 MB."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def assign(cost: NDArray[np.float64]) -> list[tuple[int, int]]:
    """As many pairs as there can be with the least sum of costs, ordered by row.

    Shortest augmenting paths (Jonker & Volgenant 1987, https://doi.org/10.1007/BF02278710).

    Args:
        cost: float64 [rows, columns], finite.
    """
    rows, columns = cost.shape
    if rows > columns:
        return sorted((row, column) for column, row in assign(cost.T))
    row_price, price = np.zeros(rows), np.zeros(columns)
    owner = np.full(columns, -1)
    for new in range(rows):
        # a path from the new row to a column without an owner, by the cheapest steps
        reach = np.full(columns, np.inf)
        before = np.full(columns, -1)
        passed = np.zeros(columns, bool)
        row, column = new, -1
        while row >= 0:
            step = cost[row] - row_price[row] - price
            shorter = ~passed & (step < reach)
            reach[shorter], before[shorter] = step[shorter], column
            column = int(np.where(passed, np.inf, reach).argmin())
            delta = reach[column]
            row_price[[new, *owner[passed]]] += delta
            price[passed] -= delta
            reach[~passed] -= delta
            passed[column] = True
            row = int(owner[column])
        while column >= 0:
            owner[column] = new if before[column] < 0 else owner[before[column]]
            column = int(before[column])
    return sorted((int(row), column) for column, row in enumerate(owner) if row >= 0)
