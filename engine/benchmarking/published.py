"""Results that others published, and the same detectors' stored results counted again on the files at hand."""

from __future__ import annotations

from dataclasses import dataclass

NAB_README = "numenta/NAB, README scoreboard (58 series)"
NAB_AGAIN = "result files of numenta/NAB, counted again on the 50 shared series"
SKAB_README = "waico/SKAB, README leaderboard (34 files, v0.9)"
SKAB_AGAIN = "result files of waico/SKAB, counted again on the 28 shared files"


@dataclass(frozen=True)
class NabRow:
    """A NAB result: normalised scores in the standard, low-false-positive and low-false-negative profile."""

    detector: str
    standard: float | None
    low_fp: float | None = None
    low_fn: float | None = None
    source: str = NAB_README


@dataclass(frozen=True)
class SkabRow:
    """A SKAB result: F1 of rows, false-alarm and missed-alarm rate in percent."""

    detector: str
    f1: float
    far: float | None = None
    mar: float | None = None
    source: str = SKAB_README


# Lavin & Ahmad (2015), Ahmad et al. (2017) and later entries of the scoreboard.
NAB = (
    NabRow("Perfect", 100.0, 100.0, 100.0),
    NabRow("ARTime", 74.9),
    NabRow("ARTime", 74.7, source=NAB_AGAIN),
    NabRow("Numenta HTM", 70.1),
    NabRow("CAD OSE", 69.9, 67.0, 73.2),
    NabRow("KNN CAD", 58.0, 43.4, 64.8),
    NabRow("Relative Entropy", 54.6, 47.6, 58.8),
    NabRow("Relative Entropy", 54.9, source=NAB_AGAIN),
    NabRow("Random Cut Forest", 51.7, 38.4, 59.7),
    NabRow("Twitter ADVec", 47.1, 33.6, 53.5),
    NabRow("Twitter ADVec", 48.0, source=NAB_AGAIN),
    NabRow("Windowed Gaussian", 39.6, 20.9, 47.4),
    NabRow("Etsy Skyline", 35.7, 27.1, 44.5),
    NabRow("Bayesian Changepoint", 17.7, 3.2, 32.2),
    NabRow("EXPoSE", 16.4, 3.2, 26.9),
    NabRow("Null", 0.0, 0.0, 0.0),
)

# Katser & Kozitsin (2020). The leaderboard changed over the years: Conv-AE stood at 0.79 and later at 0.78.
SKAB = (
    SkabRow("Perfect", 1.0, 0.0, 0.0),
    SkabRow("Conv-AE", 0.78),
    SkabRow("MSET", 0.73, 20.82, 20.08),
    SkabRow("alarm on every row", 0.70, 100.0, 0.0, "54 % of the scored rows are anomalous"),
    SkabRow("LSTM-AE", 0.68, 14.24, 35.56),
    SkabRow("T-squared+Q (PCA)", 0.67, 13.95, 36.32),
    SkabRow("T-squared", 0.67, 18.35, 41.21, SKAB_AGAIN),
    SkabRow("Vanilla LSTM", 0.64, 15.4, 39.93),
    SkabRow("MSCRED", 0.64, 13.56, 41.16),
    SkabRow("LSTM-VAE", 0.56, 9.13, 55.03),
    SkabRow("Vanilla AE", 0.45, 7.56, 66.57),
    SkabRow("Isolation forest", 0.40, 6.86, 72.09),
    SkabRow("Isolation forest", 0.30, 2.25, 81.74, SKAB_AGAIN),
    SkabRow("Null", 0.0, 0.0, 100.0),
)
