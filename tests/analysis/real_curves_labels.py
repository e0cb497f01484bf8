"""What a person saw in each of the real curves, not in what the diagnosis says of it.

The kinds of finding that are right, and why. Every second curve, the first, third and so on, was
looked at while the rules were made; the others were held out, and two faults that they showed were
mended afterwards. Those whose names begin with `fresh` were trained only then; their labels were
written with the answers in sight.
"""

from collections.abc import Mapping

OVERFITS = ("overfitting", "overconfident")
RATE_HIGH = ("rate_too_high",)
RATE_LOW = ("rate_too_low",)
GUESSES = ("not_learning",)
IMPROVES = ("improving",)
FINE = ("fine",)
FLAT = ("plateau",)
WORSENS = ("worsening",)

LABELS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "digits_sgd": (IMPROVES + FINE, "both fall slowly to the end, far below guessing"),
    "digits_sgd_slow": (IMPROVES, "both fall steeply to the end"),
    "digits_sgd_creeping": (
        RATE_LOW + IMPROVES,
        "falls by 1 % in twelve epochs, above guessing",
    ),
    "digits_sgd_10": (RATE_HIGH + GUESSES, "jumps about above guessing, 10 % right"),
    "digits_sgd_1": (FINE + FLAT, "val_loss flat at 0.08 since epoch 12, 97 % right"),
    "digits_adam_8": (IMPROVES, "falls to the end of eight epochs"),
    "digits_adam_high": (
        RATE_HIGH + WORSENS,
        "val_loss climbs from 0.1 to 0.4 while the loss jumps",
    ),
    "digits_adam_brisk": (FINE + FLAT, "val_loss flat for twenty epochs, 99 % right"),
    "digits_early": (FINE, "stopped when val_loss no longer fell, 98 % right"),
    "digits_sigmoid_deep": (GUESSES, "stays at guessing"),
    "digits_dropout": (
        FINE + FLAT,
        "val_loss flat at 0.08; the training loss above it is dropout's",
    ),
    "digits_l2": (IMPROVES + FINE, "both still fall a little, 97 % right"),
    "digits_smoothing": (
        FINE + FLAT + IMPROVES,
        "falls ever less, towards the floor of smoothed labels, 98 % right",
    ),
    "digits_cosine": (FINE + FLAT, "flat for fifteen epochs, 98 % right"),
    "digits_warmup": (FINE + FLAT, "flat at the end of the schedule, 97 % right"),
    "digits_decayed_early": (
        FLAT,
        "the rate is gone after a few epochs; flat at 2.09, hardly below guessing",
    ),
    "digits_autoencoder": (IMPROVES + FINE, "falls slowly to the end"),
    "digits_cosine_similarity": (IMPROVES + FINE, "falls slowly to the end, below 0"),
    "digits_tiny": (IMPROVES, "both fall to the end"),
    "digits_augmented": (
        FINE + FLAT,
        "val_loss flat at 0.12, below the loss of augmented pictures",
    ),
    "digits_zeros": (GUESSES, "stays at guessing"),
    "iris_sgd": (IMPROVES, "falls steadily to the end"),
    "iris_adam": (
        OVERFITS,
        "val_loss climbs from 0.02 to 0.2 while the loss falls",
    ),
    "iris_sgd_3": (RATE_HIGH, "both jump tenfold from epoch to epoch"),
    "iris_long": (
        OVERFITS,
        "val_loss climbs by a third while the loss falls",
    ),
    "iris_two_outputs": (IMPROVES, "falls to the end"),
    "wine_sgd_3": (
        FINE + RATE_HIGH,
        "explodes to 1e9 in the first ten epochs, then rests with every row right",
    ),
    "wine_sgd_mae": (IMPROVES + FINE, "falls to the end, far below guessing"),
    "wine_adam": (
        OVERFITS,
        "val_loss climbs by a fifth from epoch 13 while the loss falls tenfold",
    ),
    "wine_raw_3": (RATE_HIGH + GUESSES, "a first epoch of 1e8, then guessing"),
    "wine_raw": (RATE_HIGH + GUESSES, "a first epoch of 5,000, then guessing"),
    "wine_creeping": (
        RATE_LOW + IMPROVES,
        "falls by 3 % in twenty epochs, above guessing",
    ),
    "wine_no_validation": (RATE_HIGH + GUESSES, "a first epoch of 95, then guessing"),
    "wine_7": (IMPROVES, "falls steeply to the end"),
    "cancer_raw": (
        RATE_HIGH + GUESSES,
        "a first epoch of 4,000, then guessing: the share of the larger class",
    ),
    "cancer_adam": (OVERFITS, "val_loss doubles while the loss falls"),
    "cancer_weights": (FINE + FLAT, "val_loss flat at 0.12, 97 % right"),
    "cancer_raw_adam_1": (
        RATE_HIGH + GUESSES,
        "a first epoch of 1,000, then guessing",
    ),
    "diabetes_unscaled": (
        RATE_LOW + IMPROVES,
        "falls a little, at a fifth of the way to guessing",
    ),
    "diabetes_scaled": (IMPROVES + FLAT, "falls ever less"),
    "diabetes_big": (
        OVERFITS,
        "val_loss a fifth above its lowest while the loss falls to nothing",
    ),
    "diabetes_early": (FINE + FLAT, "stopped when val_loss no longer fell"),
    "diabetes_mae": (FLAT + IMPROVES, "falls ever less"),
    "diabetes_poisson": (FLAT + IMPROVES + FINE, "falls ever less, below 0"),
    "diabetes_linear": (FLAT + FINE, "at rest after ten epochs"),
    "fashion_adam": (
        OVERFITS,
        "val_loss climbs by a quarter while the loss falls",
    ),
    "fashion_sgd_10": (IMPROVES, "falls to the end of ten epochs"),
    "fashion_dropout": (FLAT + FINE, "val_loss flat for twenty epochs"),
    "fashion_adam_high": (
        RATE_HIGH + WORSENS,
        "lowest in epoch 2, then jumps about above it",
    ),
    "mnist_adam": (
        OVERFITS + FLAT,
        "val_loss climbs by a tenth while the loss falls to nothing",
    ),
    "mnist_sgd_1": (FLAT + FINE, "val_loss no better since epoch 8"),
    "california_adam": (FLAT + FINE, "flat with a few spikes"),
    "california_sgd": (
        FLAT + RATE_HIGH,
        "a spike to 22 in the first epochs, then flat",
    ),
    "california_adam_high": (FLAT + RATE_HIGH, "flat with spikes"),
    "noise_small": (
        GUESSES,
        "val_loss falls towards guessing and stays above it; labels of chance",
    ),
    "noise_big": (OVERFITS, "labels of chance, learned by heart"),
    "rare": (GUESSES, "val_loss stays above guessing; no rare row is found"),
    "rare_learnable": (IMPROVES + FINE, "falls to the end, 99 % right"),
    "rare_weights": (
        OVERFITS,
        "val_loss climbs by a fifth from epoch 28 while the loss falls",
    ),
    "mislabelled": (
        OVERFITS,
        "val_loss climbs from 0.6 to 1 while the loss falls",
    ),
    "mislabelled_linear": (FLAT, "the loss at rest, val_loss too, a little below guessing"),
    "digits_tanh_3": (RATE_HIGH + GUESSES, "jumps about far above guessing"),
    "digits_batch_300": (RATE_HIGH, "jumps, and climbs at the end"),
    "tiny_validation": (FINE + FLAT, "six validation rows: val_loss jumps about near 0"),
    "fresh_digits_sgd_3": (RATE_HIGH + GUESSES, "jumps about a little above guessing, 10 % right"),
    "fresh_digits_adam_5": (IMPROVES, "falls to the end of five epochs"),
    "fresh_digits_momentum": (FINE + FLAT, "val_loss flat at 0.1 for fifteen epochs, 97 % right"),
    "fresh_digits_rmsprop": (
        RATE_HIGH + WORSENS,
        "val_loss jumps tenfold, and is higher at the end",
    ),
    "fresh_digits_l1": (IMPROVES + FINE, "both fall a little to the end"),
    "fresh_wine_momentum": (FINE + IMPROVES, "falls to the end with every row right"),
    "fresh_wine_raw_adam": (
        RATE_HIGH + IMPROVES,
        "falls from 300, and jumps threefold from epoch to epoch",
    ),
    "fresh_cancer_slow": (IMPROVES + RATE_LOW, "falls steadily, above guessing"),
    "fresh_cancer_long": (OVERFITS, "val_loss doubles while the loss falls to nothing"),
    "fresh_diabetes_huber": (FLAT, "flat for thirty epochs"),
    "fresh_diabetes_tiny": (IMPROVES + FLAT, "falls ever less"),
    "fresh_fashion_sgd_high": (RATE_HIGH + GUESSES, "a first epoch of 6, then guessing"),
    "fresh_fashion_early": (
        FINE + FLAT + OVERFITS,
        "stopped eight epochs after the lowest val_loss",
    ),
    "fresh_mnist_slow": (IMPROVES + RATE_LOW, "falls in a straight line"),
    "fresh_california_mae": (IMPROVES + FLAT, "falls ever less"),
    "fresh_mislabelled_dropout": (IMPROVES + FLAT, "falls ever less, under the jumps of dropout"),
}
