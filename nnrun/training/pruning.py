"""Pruning: more and more of the smallest weights are set to zero, and stay zero."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from nnrun.data.splits import Part
from nnrun.errors import UserError
from nnrun.runs.history import History
from nnrun.training.choosing import inner_layers
from nnrun.training.recording import Recorder


class Pruning(Recorder):
    """Sets the smallest weights of each kernel to zero, in steps from `begin` to `end`.

    The share of zeros of every kernel after epoch t is that of a cubic schedule,
    `sparsity * (1 - (1 - (t - begin) / (end - begin)) ** 3)`: many at first, while they are
    easily spared, and few at last. A weight once pruned is zero in every step from then on. The
    epochs from `end` on train what is left; only these can be the best, so the saved model has
    exactly the sparsity asked for.

    Args:
        sparsity: The share of each kernel's weights that is zero in the end. A float above 0 and
            below 1.
        begin: The epoch up to which nothing is pruned.
        end: The epoch after which nothing more is pruned.
        every: The number of epochs between pruning steps.
        layers: Names of the layers whose kernels are pruned; all if left out.

    Source: Zhu and Gupta, To Prune, or Not to Prune, 2017.
    """

    table = "pruning.csv"
    state: ClassVar[tuple[str, ...]] = ("masks",)
    looks_first = False

    def __init__(
        self,
        sparsity: float = 0.8,
        begin: int = 0,
        end: int = 1,
        every: int = 1,
        layers: list[str] | None = None,
    ) -> None:
        super().__init__(every)
        if not 0 < sparsity < 1:
            raise ValueError(f"sparsity must be above 0 and below 1, not {sparsity:g}")
        if not 0 <= begin < end:
            raise ValueError(f"begin must be before end, not {begin} to {end}")
        self.sparsity, self.begin, self.end, self.layers = sparsity, begin, end, layers
        self.masks: dict[str, np.ndarray] = {}

    def attach(self, model: Any, train: Part) -> None:
        """Mask every kernel; the optimizer applies the masks after each step.

        Raises:
            UserError: A layer is named that is not there or has no kernel, or no layer has one.
        """
        del train
        self._kernels = find_kernels(model, self.layers)
        self.masks = {name: np.ones(one.shape, bool) for name, one in self._kernels.items()}
        self._held = {name: tf.Variable(mask, trainable=False) for name, mask in self.masks.items()}
        for name, kernel in self._kernels.items():
            kernel.constraint = _Masked(self._held[name], kernel.constraint)

    def next_look(self, epoch: int) -> int | None:
        """The next epoch after which weights are pruned."""
        looks = [*range(self.begin + self.every, self.end, self.every), self.end]
        return next((look for look in looks if look >= epoch), None)

    def sparsity_after(self, epoch: int) -> float:
        """The share of zeros after an epoch between `begin` and `end`.

        >>> Pruning(sparsity=0.8, begin=2, end=6).sparsity_after(4)
        0.7
        """
        left = 1 - (epoch - self.begin) / (self.end - self.begin)
        return self.sparsity * (1 - left**3)

    def measure(self, epoch: int) -> Mapping[str, float]:
        """Prune, and return the share of zeros in all kernels and in each."""
        share = self.sparsity_after(epoch)
        masks = {}
        for name, kernel in self._kernels.items():
            weights = kernel.numpy()
            masks[name] = smaller_mask(weights, self.masks[name], share)
            kernel.assign(weights * masks[name])
        self.masks = masks
        self.restored()
        return self._shares()

    def restored(self) -> None:
        """Hand the masks to the compiled steps."""
        for name, mask in self.masks.items():
            self._held[name].assign(mask)

    def figures(self) -> Mapping[str, float]:
        """`sparsity`: the share of zeros in the kernels of the saved model."""
        return {"sparsity": self._shares()["sparsity"]}

    def says(self, history: History, best_epoch: int) -> Sequence[tuple[str, str]]:
        """What was pruned, and what it cost."""
        shares, weights = self._shares(), sum(mask.size for mask in self.masks.values())
        if best_epoch <= self.end:
            return [("pruned", f"Pruning was not over: the saved model is of epoch {best_epoch}.")]
        kernels = ", ".join(
            f"{name.removesuffix('/sparsity')} {100 * share:.1f} %"
            for name, share in shares.items()
            if name != "sparsity"
        )
        text = f"Pruned: {100 * shares['sparsity']:.1f} % of {weights:,} weights are 0 ({kernels})"
        cost = [
            f"{name} was {row[name]:.4g} at best before (epoch {row['epoch']:.0f}) and is "
            f"{history.rows[best_epoch - 1][name]:.4g}"
            for name, row in self._before(history)
        ]
        return [("pruned", "; ".join([text, *cost]) + ".")]

    def _before(self, history: History) -> list[tuple[str, Mapping[str, float]]]:
        """The best row of each figure before pruning, to measure its cost by."""
        whole = History(history.rows[: max(1, self.begin + self.every)])
        known = ("val_accuracy", "val_loss") if "val_loss" in history.columns else ("loss",)
        found = [(name, whole.best(name)) for name in known if name in history.columns]
        return [(name, row) for name, row in found if row is not None]

    def _shares(self) -> dict[str, float]:
        zeros = {name: int((kernel.numpy() == 0).sum()) for name, kernel in self._kernels.items()}
        sizes = {name: mask.size for name, mask in self.masks.items()}
        shares = {f"{name}/sparsity": zeros[name] / sizes[name] for name in zeros}
        return {"sparsity": sum(zeros.values()) / sum(sizes.values()), **shares}


class _Masked:
    """A constraint that applies a mask after the kernel's own constraint."""

    def __init__(self, mask: Any, own: Any) -> None:
        self._mask, self._own = mask, own

    def __call__(self, kernel: Any) -> Any:
        weights = kernel if self._own is None else self._own(kernel)
        weights = tf.convert_to_tensor(weights)
        return weights * tf.cast(self._mask, weights.dtype)


def pruned_from(callbacks: Sequence[Any]) -> int | None:
    """The first epoch after pruning is complete; None without pruning."""
    ends = [callback.end for callback in callbacks if isinstance(callback, Pruning)]
    return max(ends) + 1 if ends else None


def smaller_mask(weights: np.ndarray, mask: np.ndarray, sparsity: float) -> np.ndarray:
    """The mask that leaves out a share of the weights: those left out already, then the smallest.

    Args:
        weights: The weights, of any shape.
        mask: What the mask was, of the same shape: false for what is left out.
        sparsity: The share to leave out.
    """
    magnitudes = np.where(mask, np.abs(weights), -1.0).ravel()
    out = np.argsort(magnitudes, kind="stable")[: round(sparsity * magnitudes.size)]
    smaller = mask.ravel().copy()
    smaller[out] = False
    return smaller.reshape(mask.shape)


def find_kernels(model: Any, names: Sequence[str] | None) -> dict[str, Any]:
    """The kernels of a model by the names of their layers; equal names are numbered.

    Raises:
        UserError: A layer is named that is not there or has no kernel, or no layer has one.
    """
    found: dict[str, Any] = {}
    for layer in (inner for outer in model.layers for inner in inner_layers(outer)):
        kernel = getattr(layer, "kernel", None)
        if kernel is None or not hasattr(kernel, "constraint") or not kernel.trainable:
            continue
        if any(kernel is one for one in found.values()):
            continue
        name, number = layer.name, 2
        while name in found:
            name, number = f"{layer.name}-{number}", number + 1
        found[name] = kernel
    missing = [name for name in names or () if name not in found]
    if missing:
        message = f"Pruning: there is no layer '{missing[0]}' with a kernel"
        raise UserError(message, hint=f"Those with one: {', '.join(found) or 'none'}.")
    if not found:
        raise UserError("Pruning: no layer has a kernel", hint="Remove the callback.")
    return {name: kernel for name, kernel in found.items() if not names or name in names}
