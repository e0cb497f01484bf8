"""The facts about a data set that checks need, without its rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nnrun.config.tasks import TaskFacts, task_of_classes


@dataclass(frozen=True)
class DataFacts:
    """A data set in outline.

    Attributes:
        task: The name of a task, or the import path of the user's own.
        classes: The number of classes; 0 if rows don't belong to one class.
        class_names: Their names, in the order of the integer labels.
        input_shape: Shape of one row.
        target_width: Numbers or labels in one target row before any one-hot coding.
        train_rows: The number of rows that can be split.
        test_rows: The number of published test rows, or 0.
        outline: The outline of the user's own task, which is in its code.
    """

    task: str
    classes: int
    class_names: tuple[str, ...]
    input_shape: tuple[int, ...]
    target_width: int
    train_rows: int
    test_rows: int
    outline: TaskFacts | None = None


def rows_of_share(share: float, rows: int) -> int:
    """The number of rows for a number or a fraction (at least one row).

    >>> rows_of_share(10, 150), rows_of_share(0.2, 150), rows_of_share(0.001, 150)
    (10, 30, 1)
    """
    return share if isinstance(share, int) else max(1, round(share * rows))


def against_the_others(positive: str) -> tuple[str, str]:
    """The two class names for one class against all others, in the order of their labels.

    >>> against_the_others("setosa")
    ('not setosa', 'setosa')
    """
    return f"not {positive}", positive


def class_numbers(names: Sequence[str], wanted: Sequence[str | int]) -> list[int]:
    """The numbers of classes given by name or number; a number that is also a name counts as the name.

    Raises:
        LookupError: A class does not exist; its argument is the index in `wanted`.

    >>> class_numbers(["Coat", "Bag", "Shirt"], ["Shirt", 0])
    [2, 0]
    >>> class_numbers(["1", "2", "3"], [1, 2])
    [0, 1]
    """
    known = {name: number for number, name in reversed(list(enumerate(names)))}
    numbers = []
    for index, label in enumerate(wanted):
        if str(label) in known:
            numbers.append(known[str(label)])
        elif isinstance(label, int) and label < len(names):
            numbers.append(label)
        else:
            raise LookupError(index)
    return numbers


def with_classes(facts: DataFacts, wanted: Sequence[str | int] | None, task: str) -> DataFacts:
    """The facts of a data set reduced to some classes; unchanged if that is impossible.

    The numbers of rows are still those of all classes, since only the data tell how many are left.

    Args:
        facts: The facts of the whole data set.
        wanted: The classes to keep; None for all.
        task: The task that the config declares.
    """
    if not facts.classes:
        return facts
    names = facts.class_names
    if wanted is not None:
        try:
            names = tuple(names[number] for number in class_numbers(names, wanted))
        except LookupError:
            names = facts.class_names
    kept = task_of_classes(len(names), task)
    return replace(facts, task=kept, classes=len(names), class_names=names)


def as_used(
    facts: DataFacts, *, classes: Sequence[str | int] | None, positive: str | None, task: str
) -> DataFacts:
    """The facts of a named data set as a config uses its classes.

    Args:
        facts: The facts of the data set itself.
        classes: The classes to keep; None for all.
        positive: The class to predict against all others, if any.
        task: The config's `dataset.task`; two classes can be treated as `multiclass`.
    """
    facts = with_classes(facts, classes, task)
    if positive is None or not facts.classes:
        return facts
    names = against_the_others(positive)
    return replace(facts, task=task_of_classes(2, task), classes=2, class_names=names)
