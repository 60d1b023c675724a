"""Two sides, interleaved in one run: only their ratio means anything."""

import statistics


def quantile(values, part):
    ordered = sorted(values)
    return ordered[round(part * (len(ordered) - 1))]


def interleave(pairs, settle, ours, base):
    """[(ours, base)], each side first in every other pair; one pair before them is thrown away."""
    results = []
    for i in range(pairs + 1):
        sides = [ours, base] if i % 2 == 0 else [base, ours]
        got = {}
        for side in sides:
            settle()
            got[side] = side(i)
        if i > 0:
            results.append((got[ours], got[base]))
    return results


class Row:
    """One line of the table: a ratio, its spread, and what it was meant to be."""

    def __init__(self, bench, what, ratios, target, ours=None, base=None, at_most=False, unit='×'):
        self.bench, self.what, self.unit = bench, what, unit
        self.values = [float(f'{ratio:.5g}') for ratio in ratios]
        self.median = statistics.median(ratios)
        self.p10, self.p90 = quantile(ratios, 0.1), quantile(ratios, 0.9)
        self.pairs = len(ratios)
        self.target, self.at_most = target, at_most
        self.ours, self.base = ours, base

    @property
    def reached(self):
        return self.median <= self.target if self.at_most else self.median >= self.target

    def members(self):
        return {**vars(self), 'reached': self.reached}


def row(bench, what, results, of, target, to=None, scale=1.0, **options):
    """`of` picks the number from our result, `to` (or `of`) from the baseline's."""
    to = to or of
    ratios = [of(a) / (to(b) * scale) for a, b in results]
    return Row(bench, what, ratios, target, ours=statistics.median(of(a) for a, _ in results),
               base=statistics.median(to(b) * scale for _, b in results), **options)


def number(name):
    return lambda result: result[name]
