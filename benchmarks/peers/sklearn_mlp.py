"""scikit-learn: `MLPClassifier` or `MLPRegressor` on float32 rows, where they can say the network.

`fit` tells no epochs, so that its time is divided by their number; it does not validate.
"""

import warnings

from sklearn.metrics import mean_squared_error
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.peers.task import Task, decline, given_task, now, report

SOLVERS = {"SGD": "sgd", "Adam": "adam"}


def hidden_units(task: Task) -> tuple[int, ...]:
    """Units of the hidden layers, if there are only such; the output layer follows the estimator."""
    dense = [arguments for name, arguments in task.layers if name == "Dense"]
    other = [name for name, _ in task.layers if name not in {"Dense", "Flatten"}]
    if other:
        decline(f"has no {other[0]}")
    if not task.is_classification and dense[-1].get("activation", "linear") != "linear":
        decline(f"has no {dense[-1]['activation']} outputs for a regression")
    return tuple(arguments["units"] for arguments in dense[:-1])


def main() -> None:
    warnings.simplefilter("ignore")
    task = given_task()
    optimizer, arguments = task.optimizer
    estimator = (MLPClassifier if task.is_classification else MLPRegressor)(
        hidden_layer_sizes=hidden_units(task),
        solver=SOLVERS[optimizer],
        learning_rate_init=arguments["learning_rate"],
        momentum=arguments.get("momentum", 0.0),
        alpha=0.0,
        batch_size=task.batch_size,
        max_iter=task.epochs,
        n_iter_no_change=task.epochs,
        random_state=task.seed,
    )
    (x_train, y_train), (x_valid, y_valid) = task.load()
    x_train, x_valid = x_train.reshape(len(x_train), -1), x_valid.reshape(len(x_valid), -1)
    started = now()
    estimator.fit(x_train, y_train.ravel())
    seconds = (now() - started) / estimator.n_iter_
    if task.is_classification:
        quality = {"val_accuracy": estimator.score(x_valid, y_valid)}
    else:
        quality = {"val_loss": mean_squared_error(y_valid.ravel(), estimator.predict(x_valid))}
    report(seconds, quality)


if __name__ == "__main__":
    main()
