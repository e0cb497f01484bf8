"""A config as a plain Keras script, as a reader of Géron's book would write it."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING, Any

from nnrun.analysis.gallery_view import first_comment
from nnrun.config.catalogue import load_catalogue
from nnrun.export.script.built import as_built, build_where_needed
from nnrun.export.script.chains import chain_lines
from nnrun.export.script.component_calls import Components
from nnrun.export.script.expressions import WIDTH
from nnrun.export.script.freezing_lines import freezing_lines
from nnrun.export.script.graph_lines import graph_lines
from nnrun.export.script.label_scaling_lines import label_lines
from nnrun.export.script.limits import check_expressible
from nnrun.export.script.loading_lines import loading_lines
from nnrun.export.script.own_transform_lines import own_transform_lines
from nnrun.export.script.preprocessing_lines import autoencoder_lines
from nnrun.export.script.splitting_lines import splitting_lines
from nnrun.export.script.text_lines import text_lines
from nnrun.export.script.training import (
    compile_line,
    evaluation_lines,
    fine_tuning_lines,
    fit_lines,
    optimizer_lines,
    plot_lines,
)
from nnrun.models.network import Network

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from nnrun.experiments.prepared import Prepared

_DEFINITION = ("def ", "class ", "@")
_PACKAGES = {"sklearn": "scikit-learn"}
"""What packages are installed as, where they are not called like their modules."""


def write_script(prepared: Prepared, *, trust: bool = False) -> str:
    """The script, which reads and splits the same rows and trains the same model.

    Its initial weights are those of nnrun; the order of the rows within the epochs is drawn by
    Keras, so that the figures agree within the noise of another seed.

    Args:
        prepared: The experiment with its data.
        trust: Whether code that the config names may run, where nnrun's own model has to be built.

    Raises:
        ConfigError: The config says what plain Keras cannot.
        UserError: Its data cannot be read without nnrun, or its code is not trusted.
    """
    check_expressible(prepared.experiment)
    experiment, catalogue = prepared.experiment, load_catalogue()
    components = Components(catalogue, prepared.steps_per_epoch)
    imports = {"import keras", "import matplotlib.pyplot as plt", "import numpy as np"}
    built = build_where_needed(prepared, trust=trust)
    data = [*loading_lines(prepared, imports), *splitting_lines(prepared, components.copies)]
    data += [*text_lines(prepared, components), *own_transform_lines(prepared, components)]
    measured, made = _model_lines(prepared, components, built)
    model = [f"keras.utils.set_random_seed({experiment.seed})", *made, "model.summary()"]
    if experiment.runtime.precision != "float32":
        model.insert(0, f'keras.config.set_dtype_policy("{experiment.runtime.precision}")')
    sections = [
        data,
        [*measured, *label_lines(prepared), *autoencoder_lines(prepared), *model],
        [
            *optimizer_lines(experiment, catalogue, components),
            compile_line(prepared, components, built),
        ],
        [*fit_lines(prepared, components)],
        [*fine_tuning_lines(prepared, catalogue, components, built)],
        [*evaluation_lines(prepared)],
        [*plot_lines(prepared)],
    ]
    definitions = [*components.copies.blocks.values(), *_definitions(sections)]
    imports |= components.imports | components.copies.imports
    head = [_docstring(prepared, imports), _import_block(imports)]
    return _joined([*head, *definitions, *("\n".join(_rest(lines)) for lines in sections)])


def _model_lines(
    prepared: Prepared, components: Components, built: Any
) -> tuple[list[str], list[str]]:
    """The lines that look at the training rows, and those after which `model` is there."""
    splits = prepared.splits
    whole = Network.of(prepared.experiment, splits.inputs, splits.targets)
    network, frozen = as_built(whole, built)
    if network.is_chain:
        before, lines = chain_lines(prepared, network, components, built)
    else:
        before, lines = graph_lines(prepared, network, components)
    if built is not None:
        lines += freezing_lines(built, written=frozen)
    return before, lines


def _docstring(prepared: Prepared, imports: Iterable[str]) -> str:
    """The script's docstring: its purpose, where it comes from, and what it needs."""
    told = first_comment(prepared.config.read_text(encoding="utf-8"))
    if not told:
        told = f"The experiment {prepared.experiment.name}."
    plain = told.replace("\\", "/").replace('"""', "'''")
    modules = {line.split()[1].split(".")[0] for line in imports}
    packages = sorted(_PACKAGES.get(one, one) for one in modules if not _is_standard(one))
    source = f"Written by `nnrun code {prepared.config.name}`; needs {', '.join(packages)}."
    lines = textwrap.wrap(plain, WIDTH - 3, break_long_words=False)
    return "\n".join([f'"""{lines[0]}', *lines[1:], "", source, '"""'])


def _definitions(sections: Sequence[Sequence[str]]) -> list[str]:
    return [line.rstrip() for lines in sections for line in lines if line.startswith(_DEFINITION)]


def _rest(lines: Iterable[str]) -> Iterator[str]:
    return (line for line in lines if not line.startswith(_DEFINITION))


def _joined(blocks: Sequence[str]) -> str:
    """Blocks with one empty line between them, two around functions and classes."""
    text = ""
    for block, before in zip(blocks, ("", *blocks), strict=False):
        if not block:
            continue
        wide = block.startswith(_DEFINITION) or before.startswith(_DEFINITION)
        text += ("\n\n\n" if wide else "\n\n") if text else ""
        text += block
    return f"{text}\n"


def _import_block(imports: Iterable[str]) -> str:
    """Import statements in the order of isort: the standard library, then all others."""
    plain = {line.split()[1]: line for line in imports if line.startswith("import ")}
    members: dict[str, set[str]] = {}
    for line in imports:
        if line.startswith("from "):
            _, module, _, name = line.split(maxsplit=3)
            members.setdefault(module, set()).add(name)
    parts = []
    for standard in (True, False):
        chosen = [plain[name] for name in sorted(plain) if _is_standard(name) is standard]
        chosen += [
            f"from {module} import {', '.join(sorted(members[module], key=_type_order))}"
            for module in sorted(members)
            if _is_standard(module) is standard
        ]
        if chosen:
            parts.append("\n".join(chosen))
    return "\n\n".join(parts)


def _is_standard(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] in sys.stdlib_module_names


def _type_order(name: str) -> tuple[int, str]:
    """CONSTANTS, then Classes, then the rest."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name
