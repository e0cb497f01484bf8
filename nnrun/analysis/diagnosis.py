"""What a run shows in a sentence or two, and what to try; nothing is said in doubt.

One finding is about the curves; beside it stands what the layers and the classes say.
"""

from nnrun.analysis.curve_rules import judge_curves
from nnrun.analysis.evidence import Evidence
from nnrun.analysis.findings import FEW, NOTHING, Finding
from nnrun.analysis.layer_health import diagnose_layers
from nnrun.analysis.run_curves import RunCurves

FEW_EPOCHS = 5
"""Fewer epochs than this say nothing about a curve."""

_RARE = 0.5
_FOUND = 0.2
_KNOWN = 0.8
_ENOUGH_ROWS = 5
"""A class is rare that has less than half an even share of the training rows, ignored where less
than a fifth of its validation rows, five at least, are found, and known where four fifths are."""


def diagnose(evidence: Evidence) -> tuple[Finding, ...]:
    """What a run shows, the most important first; at least one finding.

    Args:
        evidence: The run.
    """
    if evidence.status == "diverged":
        return (_diverged(evidence), *diagnose_layers(evidence.layers))
    beside = [*diagnose_layers(evidence.layers), *_ignored_classes(evidence)]
    curve = _of_curves(evidence)
    if curve.kind in ("fine", NOTHING) and beside:
        return tuple(beside)
    return (curve, *beside)


def _of_curves(evidence: Evidence) -> Finding:
    count = max(0, len(evidence.history) - evidence.first + 1)
    if count < FEW_EPOCHS:
        epochs = "1 epoch says" if count == 1 else f"{count} epochs say"
        return Finding(FEW, f"{epochs} too little about the curves to judge them.")
    curves = RunCurves.of(evidence)
    if curves is None:
        return Finding("unknown", "The history holds no loss to judge.")
    return judge_curves(curves, evidence)


def _diverged(evidence: Evidence) -> Finding:
    cause = evidence.cause or "its numbers were no longer finite"
    return Finding(
        "diverged",
        f"The training diverged in epoch {len(evidence.history) + 1}: {cause}.",
        evidence.advice
        or f"Try a tenth of {evidence.rate}, or regularization.clip: {{norm: 1.0}}.",
    )


def _ignored_classes(evidence: Evidence) -> list[Finding]:
    """Rare classes that are hardly ever predicted, while frequent ones are."""
    fair = _RARE / max(1, len(evidence.classes))
    seen = [item for item in evidence.classes if item.rows >= _ENOUGH_ROWS]
    rare = [item for item in seen if item.share <= fair and item.found < _FOUND * item.rows]
    known = any(item.found >= _KNOWN * item.rows for item in seen if item.share > fair)
    if not rare or not known:
        return []
    shares = ", ".join(
        f"{item.found} of the {item.rows} rows of {item.name!r}" for item in rare[:3]
    )
    advice = (
        "The classes are weighted already: gather more rows of the rare ones."
        if evidence.weighted
        else "Try training.class_weight: balanced, and judge by the recall that `nnrun eval` gives "
        "for each class."
    )
    text = f"Class imbalance is ignored: of the validation rows, {shares} are found."
    return [Finding("imbalance_ignored", text, advice)]
