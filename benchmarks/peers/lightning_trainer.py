"""PyTorch Lightning: a `Trainer` with a `DataLoader`; its logger, bar and checkpoints are off."""

import logging
import warnings

import lightning
import torch
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.peers import torch_loop
from benchmarks.peers.task import Task, given_task, now, report, seconds_per_epoch


class Network(lightning.LightningModule):
    def __init__(self, task: Task, rows: torch.Tensor) -> None:
        super().__init__()
        self.task = task
        self.network = torch_loop.build_model(task, rows)
        self.loss = torch_loop.make_loss(task)

    def training_step(self, batch, _):
        inputs, targets = batch
        loss = self.loss(self.network(inputs), targets)
        self.log("loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, _):
        inputs, targets = batch
        outputs = self.network(inputs)
        self.log("val_loss", self.loss(outputs, targets))
        if self.task.is_classification:
            self.log("val_accuracy", (outputs.argmax(1) == targets).float().mean())

    def configure_optimizers(self):
        return torch_loop.make_optimizer(self.task, self)


class EpochEnds(lightning.Callback):
    """Notes when training epochs end; Lightning validates within them."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_train_epoch_end(self, trainer, pl_module):  # noqa: ARG002 - Lightning's signature
        self.ends.append(now())


def main() -> None:
    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    task = given_task()
    training, validation = task.load()
    rows = TensorDataset(*torch_loop.as_tensors(training))
    loaders = [DataLoader(rows, batch_size=task.batch_size, shuffle=True)]
    if validation:
        rows_held_back = TensorDataset(*torch_loop.as_tensors(validation))
        loaders.append(DataLoader(rows_held_back, batch_size=task.batch_size))
    epochs = EpochEnds()
    trainer = lightning.Trainer(
        max_epochs=task.epochs,
        accelerator="cpu",
        callbacks=[epochs],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(Network(task, rows.tensors[0]), *loaders)
    quality = {name: value.item() for name, value in trainer.callback_metrics.items()}
    report(seconds_per_epoch(epochs.ends), quality)


if __name__ == "__main__":
    main()
