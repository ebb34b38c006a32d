#!/usr/bin/python3
"""The goodput figure as one would write it with NumPy: every point of the figure draws every host of every trial.

Usage: whatif_numpy.py TRIALS [POINTS]. POINTS limits how many of the 48 points are computed; the time of the rest is
in proportion, because every point draws the same number of hosts. Prints one JSON object."""
import json, sys, time

import numpy as np

CUBES, HOSTS, CONFIDENCE = 64, 16, 0.97
SIZES = (1, 2, 4, 8, 16, 32, 48, 64)
AVAILABILITIES = (0.99, 0.995, 0.999)
CHUNK = 10_000


def promised(counts, most):
    """The largest number of slices that at least the confidence of all trials can give."""
    for slices in range(most, 0, -1):
        if np.mean(counts >= slices) >= CONFIDENCE:
            return slices
    return 0


def point(random, trials, availability, size, optics):
    counts = np.empty(trials, dtype=np.int64)
    for first in range(0, trials, CHUNK):
        n = min(CHUNK, trials - first)
        up = (random.random((n, CUBES, HOSTS)) < availability).all(axis=2)
        if optics:
            counts[first:first + n] = up.sum(axis=1) // size
        else:
            fixed = CUBES // size
            counts[first:first + n] = up[:, :fixed * size].reshape(n, fixed, size).all(axis=2).sum(axis=1)
    return promised(counts, CUBES // size) * size / CUBES


def main():
    trials = int(sys.argv[1])
    points = [(a, s, o) for a in AVAILABILITIES for s in SIZES for o in (True, False)]
    limit = int(sys.argv[2]) if len(sys.argv) > 2 else len(points)
    random = np.random.default_rng(1)
    started = time.process_time()
    goodput = [[a, 64 * s, o, point(random, trials, a, s, o)] for a, s, o in points[:limit]]
    took = time.process_time() - started
    print(json.dumps({"numpy": np.__version__, "trials": trials, "points": limit, "points_in_figure": len(points),
                      "seconds": took, "goodput": goodput}))


main()
