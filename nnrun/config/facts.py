"""What checking needs to know of a data set, without its rows."""

from dataclasses import dataclass, replace


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


def against_the_others(positive: str) -> tuple[str, str]:
    """The two classes where one is told from all others, in the order of their labels.

    >>> against_the_others("setosa")
    ('not setosa', 'setosa')
    """
    return f"not {positive}", positive


def as_used(facts: DataFacts, *, positive: str | None, task: str) -> DataFacts:
    """The facts of a named data set in the use that a config makes of its classes.

    Args:
        facts: Those of the data set itself.
        positive: The class to tell from all others, if any.
        task: What the config says under `dataset.task`; two classes may be taken as `multiclass`.
    """
    if positive in facts.class_names:
        names = against_the_others(positive)
        facts = replace(facts, task="binary", classes=len(names), class_names=names)
    if facts.classes and task == "multiclass":
        return replace(facts, task="multiclass")
    return facts
