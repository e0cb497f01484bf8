"""The lines of a script that turn rows by transforms of the user's own, once, before the training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnrun.data.transforms.own_transforms import OwnFitted
from nnrun.export.script.expressions import Names, assign, double_quoted
from nnrun.export.script.grouping import rows_in
from nnrun.export.script.splitting_lines import part_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnrun.experiments.prepared import Prepared
    from nnrun.export.script.component_calls import Components


def own_transform_lines(prepared: Prepared, components: Components) -> Iterator[str]:
    """Lines after which the parts hold what the user's own classes make of them.

    Each class is imported, and learns from the training rows, as in nnrun.
    """
    variables = Names()
    for fitted in prepared.transforms:
        if not isinstance(fitted, OwnFitted):
            continue
        component = fitted.code.component
        variable = variables.of(component.name.rpartition(":")[2])
        yield assign(variable, components.write(component))
        for name, turning in fitted.turned.items():
            takes, gives = (
                f".astype({double_quoted(kind.dtype)})" for kind in (turning.takes, turning.gives)
            )
            yield f"learnt = {variable}.fit({rows_in(prepared, 'train', name)}{takes})"
            for part in part_names(prepared):
                rows = rows_in(prepared, part, name)
                yield f"{rows} = {variable}.apply({rows}{takes}, learnt){gives}"
