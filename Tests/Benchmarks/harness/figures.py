"""Medians, ratios within a round, and tables. A ratio is taken round by round, so that what slows the machine for a
while slows both sides of it."""

import dataclasses
from statistics import median, quantiles


@dataclasses.dataclass(frozen=True)
class Spread:
    """The median of several rounds, with the least and the most."""

    middle: float
    low: float
    high: float

    @staticmethod
    def of(values):
        values = list(values)
        return Spread(median(values), min(values), max(values))

    def __format__(self, form):
        return f"{self.middle:{form}} ({self.low:{form}}–{self.high:{form}})"


def ratios(above, below):
    return Spread.of(a / b for a, b in zip(above, below))


def table(head, rows):
    """Markdown, aligned: it reads as it is and can be pasted into a README."""
    lines = [head] + rows
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    align = lambda line: "| " + " | ".join(
        cell.ljust(width) if column == 0 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(line, widths))) + " |"
    rule = "|" + "|".join("-" * (width + 1) + (" " if column == 0 else ":") for column, width in enumerate(widths)) + "|"
    rule = rule.replace(" |", "-|")
    return "\n".join([align(head), rule] + [align(row) for row in rows])


def single(words, value, limit, form=".2f", at_least=False):
    """A figure of its own, beside no peer."""
    met = "met" if (value >= limit if at_least else value <= limit) else "not met"
    return f"- {words}: {value:{form}}, target at {'least' if at_least else 'most'} {limit:{form}}: **{met}**"


def verdict(words, spread, limit, form=".2f"):
    met = "met" if spread.middle <= limit else "not met"
    return f"- {words}: {spread:{form}}, target at most {limit:{form}}: **{met}**"


def verdict_of_half(words, values, limit, form=".2f"):
    """For many short rounds, whose extremes say nothing: the median, and between what the middle half of them lies."""
    low, middle, high = quantiles(values, n=4)
    met = "met" if middle <= limit else "not met"
    return (f"- {words}: {middle:{form}}, half of {len(values)} rounds within {low:{form}}–{high:{form}}, "
            f"target at most {limit:{form}}: **{met}**")
