"""Plain PyTorch: a loop written by hand that slices batches from tensors in memory.

A `DataLoader` is what most write; slices by a permutation are faster, and so the harder measure.
"""

import torch
from torch import nn

from benchmarks.peers.task import Task, given_task, now, report, seconds_per_epoch

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid}

MODULES = {
    "Flatten": nn.Flatten,
    "Dense": lambda units, **_: nn.LazyLinear(units),
    "Dropout": lambda rate: nn.Dropout(p=rate),
    "BatchNormalization": nn.LazyBatchNorm1d,
    "Conv2D": lambda filters, kernel_size, **_: nn.LazyConv2d(filters, kernel_size),
    "MaxPooling2D": lambda: nn.MaxPool2d(2),
    "Reshape": lambda target_shape: nn.Unflatten(1, (target_shape[-1], *target_shape[:-1])),
}
"""What PyTorch has in place of Keras's layers, by their arguments."""


def build_model(task: Task, rows: torch.Tensor) -> nn.Sequential:
    """The network in PyTorch's terms, its first weights drawn as Keras draws them.

    PyTorch's own are smaller, and learn too slowly at the rates of the workloads. A last softmax
    belongs to the cross-entropy.
    """
    torch.manual_seed(task.seed)
    model = nn.Sequential(*[module for layer in task.layers for module in _modules(*layer)])
    model.eval()(rows[:2])  # tells the lazy modules how many inputs they have
    for module in model:
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    return model


def _modules(name: str, arguments: dict) -> list[nn.Module]:
    activation = ACTIVATIONS.get(arguments.get("activation"))
    return [MODULES[name](**arguments), *([activation()] if activation else [])]


def make_loss(task: Task) -> nn.Module:
    return nn.CrossEntropyLoss() if task.is_classification else nn.MSELoss()


def make_optimizer(task: Task, model: nn.Module) -> torch.optim.Optimizer:
    name, arguments = task.optimizer
    renamed = {{"learning_rate": "lr"}.get(key, key): value for key, value in arguments.items()}
    return getattr(torch.optim, name)(model.parameters(), **renamed)


def as_tensors(part):
    """Rows as tensors; class labels as PyTorch's cross-entropy wants them."""
    inputs, targets = map(torch.from_numpy, part)
    return inputs, targets if targets.is_floating_point() else targets.long()


@torch.no_grad()
def evaluate(task: Task, model: nn.Module, inputs, targets) -> dict[str, float]:
    model.eval()
    loss, right = 0.0, 0
    for x, y in zip(inputs.split(1024), targets.split(1024), strict=True):
        outputs = model(x)
        loss += make_loss(task)(outputs, y).item() * len(x)
        right += (outputs.argmax(1) == y).sum().item() if task.is_classification else 0
    figures = {"val_loss": loss / len(inputs)}
    return figures | ({"val_accuracy": right / len(inputs)} if task.is_classification else {})


def main() -> None:
    task = given_task()
    training, validation = task.load()
    inputs, targets = as_tensors(training)
    validation = validation and as_tensors(validation)
    model, loss_of = build_model(task, inputs), make_loss(task)
    optimizer = make_optimizer(task, model)
    ends, figures = [], {}
    for _ in range(task.epochs):
        model.train()
        total = 0.0
        for rows in torch.randperm(len(inputs)).split(task.batch_size):
            optimizer.zero_grad()
            loss = loss_of(model(inputs[rows]), targets[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        figures = {"loss": total / len(inputs)}
        if validation:
            figures |= evaluate(task, model, *validation)
        ends.append(now())
    report(seconds_per_epoch(ends), figures)


if __name__ == "__main__":
    main()
