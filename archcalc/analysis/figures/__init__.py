"""The vocabulary of figures, filled with those of a layer and a network; see `vocabulary`."""

# isort: skip_file
from archcalc.analysis.figures.vocabulary import (
    FIGURES,
    Figure,
    Traced,
    check_columns,
    column_keys,
    columns,
    expectable,
    figure,
    find_figure,
    name_key,
    without_device,
)
from archcalc.analysis.figures import identity, counts, backward, memory, deployed, training, timing, reach

__all__ = [
    "FIGURES",
    "Figure",
    "Traced",
    "backward",
    "check_columns",
    "column_keys",
    "columns",
    "counts",
    "deployed",
    "expectable",
    "figure",
    "find_figure",
    "identity",
    "memory",
    "name_key",
    "reach",
    "timing",
    "training",
    "without_device",
]
