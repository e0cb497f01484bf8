"""What checking needs to know of a data set, without its rows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DataFacts:
    """A data set in outline.

    Attributes:
        task: `regression`, `binary`, `multiclass` or `multilabel`.
        classes: How many classes there are; 0 where a row does not belong to one class.
        class_names: Their names, in the order of the integer labels.
        input_shape: Shape of one row.
        target_width: Numbers or labels in one target row before any one-hot coding.
        train_rows: Rows that can be split.
        test_rows: Published test rows; 0 where there are none.
    """

    task: str
    classes: int
    class_names: tuple[str, ...]
    input_shape: tuple[int, ...]
    target_width: int
    train_rows: int
    test_rows: int
