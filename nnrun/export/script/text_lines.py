"""The lines of a script that turn text into numbers, once, before the training."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from nnrun.data.transforms.text import Words
from nnrun.export.script.expressions import Names, assign, double_quoted
from nnrun.export.script.grouping import rows_in
from nnrun.export.script.splitting_lines import part_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnrun.experiments.prepared import Prepared
    from nnrun.export.script.component_calls import Components

_LENGTH = "output_sequence_length"


def text_lines(prepared: Prepared, components: Components) -> Iterator[str]:
    """Lines after which the parts hold the numbers that Keras's layers make of text.

    A layer learns its words from the training rows. How long these are is written out, so that
    rows of other parts are as long.
    """
    variables = Names()
    parts = [f"X_{part}" for part in part_names(prepared)]
    several = len(prepared.splits.inputs) > 1
    words = prepared.transforms.of(Words)
    if words is None:
        return
    for name, layer in words.declared.readers.items():
        learnt = words.learnt[layer.path]
        length = {_LENGTH: learnt[_LENGTH]} if _LENGTH in learnt else {}
        declared = dataclasses.replace(layer, arguments={**layer.arguments, **length})
        variable = variables.of(layer.name)
        yield assign(variable, components.write(declared))
        if layer.arguments.get("vocabulary") is None:
            yield f"{variable}.adapt({rows_in(prepared, 'train', name)})"
        if several:
            made = f"X[{double_quoted(name)}] = np.array({variable}(X[{double_quoted(name)}]))"
            yield f"for X in ({', '.join(parts)}{',' * (len(parts) == 1)}):\n    {made}"
        else:
            yield from (f"{part} = np.array({variable}({part}))" for part in parts)
