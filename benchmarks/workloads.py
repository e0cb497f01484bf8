"""What is trained by every peer, and what nnrun is to reach there. nnrun's config declares the rest."""

from dataclasses import dataclass, replace

FIT, LOOP, LIMIT, OWN = "keras_fit", "torch_loop", "blas", "nnrun_train"


@dataclass(frozen=True)
class Target:
    """A figure that nnrun is to reach.

    Attributes:
        against: The peer.
        at_least: The peer's figure over nnrun's.
        measure: `seconds` (of an epoch), `first_step` (seconds from the start of the process until
            the first training step is done) or `memory` (the process's peak).
    """

    against: str
    at_least: float
    measure: str = "seconds"


@dataclass(frozen=True)
class Workload:
    """One network on one data set.

    Attributes:
        name: What it is called on the command line.
        title: What it is.
        config: nnrun's config; data, layers, loss, optimizer and batch size are read from it.
        epochs: How many every peer trains; the quality is compared after the last of them.
        long: How many nnrun trains, whose epochs are too short to be timed in so few.
        quality: The figure that tells how well the network has learnt.
        targets: What nnrun is to reach.
        peers: Who takes part; None for all.
        writes: Whether Keras is to write a history and a checkpoint after every epoch, too.
    """

    name: str
    title: str
    config: str
    epochs: int
    long: int
    quality: str
    targets: tuple[Target, ...]
    peers: tuple[str, ...] | None = None
    writes: bool = False

    @property
    def judged(self) -> set[str]:
        """Who is measured in every round; the others, which no target names, only in the first."""
        return {OWN, *(target.against for target in self.targets)}

    def shortened(self) -> "Workload":
        """The same in few epochs, whose figures mean little: to see that everything works."""
        return replace(self, epochs=min(self.epochs, 20), long=min(self.long, 40))


def _named(name: str, title: str, config: str, epochs: int, long: int, **others) -> Workload:
    return Workload(name, title, f"{config}/{name}.yaml", epochs, long, **others)


WORKLOADS = (
    _named(
        "fashion_mlp",
        "Fashion-MNIST, 300-100 ReLU, SGD, batches of 32",
        "configs",
        epochs=2,
        long=15,
        quality="val_accuracy",
        targets=(
            Target(FIT, 5.0),
            Target(LOOP, 1.8),
            Target(LIMIT, 0.5),
            Target(FIT, 1.0, "memory"),
        ),
    ),
    _named(
        "fashion_adam",
        "Fashion-MNIST, 300-100 ReLU, Adam, batches of 128",
        "benchmarks/configs",
        epochs=2,
        long=20,
        quality="val_accuracy",
        targets=(Target(FIT, 4.0), Target(LOOP, 1.0)),
    ),
    _named(
        "mnist_dropout",
        "MNIST, 256-128 ReLU with dropout 0.4 and 0.3, Adam, batches of 128",
        "configs",
        epochs=2,
        long=20,
        quality="val_accuracy",
        targets=(Target(FIT, 3.0), Target(LOOP, 1.0)),
    ),
    _named(
        "fashion_batchnorm",
        "Fashion-MNIST, 512-256-64-32 ReLU with batch normalization and dropout, Adam, batches of 512",
        "benchmarks/configs",
        epochs=2,
        long=10,
        quality="val_accuracy",
        targets=(Target(FIT, 2.0), Target(LOOP, 1.0)),
    ),
    _named(
        "fashion_cnn",
        "6,000 pictures of Fashion-MNIST, convolutions 32-64, dense 128, dropout, Adam, batches of 64",
        "benchmarks/configs",
        epochs=3,
        long=6,
        quality="val_accuracy",
        targets=(Target(FIT, 1.3), Target(LOOP, 1.0)),
    ),
    _named(
        "california_mlp",
        "Californian houses, 30 ReLU, SGD, batches of 32, with history and checkpoints",
        "configs",
        epochs=6,
        long=300,
        quality="val_loss",
        targets=(Target(FIT, 40.0), Target(LOOP, 1.0)),
        writes=True,
    ),
    _named(
        "identity_8x3x8",
        "8-3-8 sigmoid, SGD with momentum, 5,000 epochs of one step",
        "configs",
        epochs=100,
        long=5000,
        quality="loss",
        targets=(Target(FIT, 300.0), Target(LOOP, 1.0)),
    ),
    Workload(
        "first_step",
        "Fashion-MNIST, 300-100 ReLU: from the start of the process to the first training step",
        "configs/fashion_mlp.yaml",
        epochs=1,
        long=1,
        quality="val_accuracy",
        targets=(Target(FIT, 1 / 0.9, "first_step"),),
        peers=(FIT, OWN),
    ),
)
