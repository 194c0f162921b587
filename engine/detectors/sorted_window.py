"""A window of the newest numbers, kept sorted: the inner loop of medians, quantiles and ranks."""

from __future__ import annotations

from engine.detectors.kernels import kernel


@kernel
def replace_oldest(ordered, ring, n, at, x):  # type: ignore[no-untyped-def]
    """Put x into the sorted window, in place of the oldest number when it is full; return the new count and place."""
    size = ring.size
    if n == size:
        old = ring[at]
        low, high = 0, n - 1
        while low < high:
            middle = (low + high) // 2
            if ordered[middle] < old:
                low = middle + 1
            else:
                high = middle
        for j in range(low, n - 1):
            ordered[j] = ordered[j + 1]
        n -= 1
    j = n
    while j > 0 and ordered[j - 1] > x:
        ordered[j] = ordered[j - 1]
        j -= 1
    ordered[j] = x
    ring[at] = x
    return n + 1, (at + 1 if at + 1 < size else 0)


@kernel
def median_and_width(ordered, n):  # type: ignore[no-untyped-def]
    """Return the median of n sorted numbers and the median of their distances from it."""
    half = n // 2
    even = n % 2 == 0
    middle = 0.5 * (ordered[half] + ordered[half - 1]) if even else ordered[half]
    # The distances in ascending order, walking outwards from the median.
    low, high, width, shorter = half - 1, half, 0.0, 0.0
    for _ in range(half + 1):
        shorter = width
        left = middle - ordered[low] if low >= 0 else 1e300
        right = ordered[high] - middle if high < n else 1e300
        if left < right:
            width = left
            low -= 1
        else:
            width = right
            high += 1
    return middle, 0.5 * (width + shorter) if even else width
