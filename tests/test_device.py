"""TensorFlow comes in without its companions, and leaves the door open for them afterwards."""

import subprocess
import sys

SCRIPT = """
import gc, os, sys, weakref
os.environ["CUDA_VISIBLE_DEVICES"] = ""
from nnrun.device import UNWANTED, import_tensorflow
from nnrun.errors import UserError
try: import_tensorflow("gpu")
except UserError as error: print(error.message, error.hint)
import_tensorflow("cpu")
import tensorflow, keras
print(sorted({name.partition(".")[0] for name in sys.modules} & set(UNWANTED)))
print(gc.isenabled(), len(gc.get_objects()) < gc.get_freeze_count())
class Model: pass
model = Model()
model.itself, gone = model, weakref.ref(model)
del model
import_tensorflow("cpu")
print(gone() is not None, gc.collect() > 0, gone())
import pandas, matplotlib.figure
print(int(pandas.DataFrame({"a": [1, 2]})["a"].sum()))
matplotlib.figure.Figure().subplots().plot([1, 2])
print(float(keras.ops.sum(keras.ops.convert_to_tensor([1.0, 2.0]))))
"""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_companions_stay_out_while_tensorflow_comes_in_and_work_afterwards() -> None:
    """A GPU that is not there is told on the way."""
    done = run(sys.executable, "-c", SCRIPT)
    told, *others = done.stdout.splitlines()
    assert "finds no GPU" in told
    assert "device: auto" in told
    assert others == ["[]", "True True", "True True None", "3", "3.0"], done.stderr
    assert done.stderr == ""


def test_a_closed_standard_error_is_no_obstacle() -> None:
    script = "from nnrun.device import import_tensorflow; import_tensorflow('cpu'); print(7)"
    done = run("bash", "-c", f'"{sys.executable}" -c "{script}" 2>&-')
    assert done.stdout == "7\n"


def test_another_backend_is_refused() -> None:
    script = (
        "import os; os.environ['KERAS_BACKEND'] = 'numpy'\n"
        "from nnrun.errors import UserError\n"
        "from nnrun.device import import_tensorflow\n"
        "try: import_tensorflow()\n"
        "except UserError as error: print(error.hint)\n"
    )
    assert "Unset KERAS_BACKEND" in run(sys.executable, "-c", script).stdout
