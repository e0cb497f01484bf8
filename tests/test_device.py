"""TensorFlow comes in without its companions, and leaves the door open for them afterwards."""

import subprocess
import sys

SCRIPT = """
import sys
from nnrun.device import UNWANTED, import_tensorflow
import_tensorflow("cpu")
import tensorflow, keras
print(sorted({name.partition(".")[0] for name in sys.modules} & set(UNWANTED)))
import pandas, matplotlib.figure
print(int(pandas.DataFrame({"a": [1, 2]})["a"].sum()))
matplotlib.figure.Figure().subplots().plot([1, 2])
print(float(keras.ops.sum(keras.ops.convert_to_tensor([1.0, 2.0]))))
"""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_companions_stay_out_while_tensorflow_comes_in_and_work_afterwards() -> None:
    done = run(sys.executable, "-c", SCRIPT)
    assert done.stdout.splitlines() == ["[]", "3", "3.0"], done.stderr
    assert done.stderr == ""


def test_a_closed_standard_error_is_no_obstacle() -> None:
    script = "from nnrun.device import import_tensorflow; import_tensorflow('cpu'); print(7)"
    done = run("bash", "-c", f'"{sys.executable}" -c "{script}" 2>&-')
    assert done.stdout == "7\n"


def test_a_gpu_that_is_not_there_is_told() -> None:
    script = (
        "import os; os.environ['CUDA_VISIBLE_DEVICES'] = ''\n"
        "from nnrun.errors import UserError\n"
        "from nnrun.device import import_tensorflow\n"
        "try: import_tensorflow('gpu')\n"
        "except UserError as error: print(error.message, '|', error.hint)\n"
    )
    done = run(sys.executable, "-c", script)
    assert "finds no GPU" in done.stdout
    assert "device: auto" in done.stdout


def test_another_backend_is_refused() -> None:
    script = (
        "import os; os.environ['KERAS_BACKEND'] = 'numpy'\n"
        "from nnrun.errors import UserError\n"
        "from nnrun.device import import_tensorflow\n"
        "try: import_tensorflow()\n"
        "except UserError as error: print(error.hint)\n"
    )
    assert "Unset KERAS_BACKEND" in run(sys.executable, "-c", script).stdout
