"""Well-known data sets that are too big to come along: found on disk, or fetched through Keras."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nnrun.config.facts import DataFacts
from nnrun.data.sources.named import NamedDataset, Rows
from nnrun.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
HOUSING_COLUMNS = (
    "MedInc",
    "HouseAge",
    "AveRooms",
    "AveBedrms",
    "Population",
    "AveOccup",
    "Latitude",
    "Longitude",
)
HOUSING_ROWS = 20_640


def _images(
    name: str, *, title: str, credit: str, shape: tuple[int, ...], rows: int, classes: str
) -> NamedDataset:
    """The entry of an image set with 10,000 published test rows; `classes` parts names by commas."""
    names = tuple(classes.split(","))
    facts = DataFacts("multiclass", len(names), names, shape, 1, train_rows=rows, test_rows=10_000)
    return NamedDataset(title, facts, (), "label", "uint8", credit, partial(_load, name, facts))


def keras_cache() -> Path:
    """The folder where Keras keeps the data sets it has fetched."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "datasets"


def _roots() -> list[Path]:
    given = os.environ.get("NNRUN_DATA")
    return [*([Path(given).expanduser()] if given else []), keras_cache()]


def _folders(name: str) -> Iterator[Path]:
    """Where the files of a data set may lie: folders of its name, in the order of their search."""
    spellings = (name, name.replace("_", "-"))
    for root in _roots():
        yield from (root / spelling for spelling in dict.fromkeys(spellings))
        if root.name in spellings:
            yield root


def _load(name: str, facts: DataFacts) -> Rows:
    """Reads an image set from disk where it is there, else through Keras's own loader."""
    for folder in _folders(name):
        files = _idx_files(folder)
        if files:
            from nnrun.data.sources.idx import read_idx

            return _checked([read_idx(path) for path in files], facts, str(folder))
    for folder in (*_folders(name), *_roots()):
        archive = folder / f"{name}.npz"
        if archive.is_file():
            from nnrun.data.sources.npz import read_npz

            return _checked(read_npz(archive, ARRAYS), facts, str(archive))
    return _checked(_fetch(name), facts, f"keras.datasets.{name}")


def _idx_files(folder: Path) -> list[Path]:
    """The four files of an IDX set, plain or gzipped; none unless all are there."""
    found = []
    for name in IDX_FILES:
        spellings = (name, name.replace("-idx", ".idx"))
        paths = (folder / f"{spelling}{end}" for spelling in spellings for end in ("", ".gz"))
        found += [path for path in paths if path.is_file()][:1]
    return found if len(found) == len(IDX_FILES) else []


def _fetch(name: str) -> list[np.ndarray]:
    """Lets Keras read its cache or download, in the one way it does both."""
    from importlib import import_module

    try:
        train, test = import_module(f"keras.datasets.{name}").load_data()
    except Exception as error:  # Keras raises a bare Exception for a failed download
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise _not_found(
            name,
            expected=f"a folder '{name}' with {', '.join(IDX_FILES)} (plain or .gz), "
            f"or {name}.npz with {', '.join(ARRAYS)}",
            advice=f"run `python -c 'import keras; keras.datasets.{name}.load_data()'` where there "
            f"is internet and copy its ~/.keras/datasets here",
            reason=f"; Keras could not fetch it: {reason}",
        ) from error
    return [*train, *test]


def _not_found(name: str, *, expected: str, advice: str, reason: str = "") -> DataError:
    places = dict.fromkeys(str(folder) for folder in (*_folders(name), *_roots()))
    return DataError(
        f"the data set '{name}' was not found in {', '.join(places)}{reason}",
        hint=f"set NNRUN_DATA to a folder that holds {expected}; or {advice}",
    )


def _checked(arrays: list[np.ndarray], facts: DataFacts, source: str) -> Rows:
    """The rows, once they are what the data set is known to be: a part of it is another data set."""
    import numpy as np

    images, labels = (arrays[0], arrays[2]), (arrays[1].reshape(-1), arrays[3].reshape(-1))
    for part, rows in enumerate((facts.train_rows, facts.test_rows)):
        shape = (rows, *facts.input_shape)
        if images[part].shape != shape or labels[part].shape != (rows,):
            raise DataError(
                f"{source} holds images {images[part].shape} and {len(labels[part]):,} labels, "
                f"where {shape} and {rows:,} were published",
                hint="fetch the files again",
            )
        if labels[part].max() >= facts.classes:
            raise DataError(f"{source} holds a label {labels[part].max()}, above the known classes")
    train, test = (
        (np.asarray(image, np.uint8), label.astype(np.int32))
        for image, label in zip(images, labels, strict=True)
    )
    return Rows(*train, source, test=Rows(*test, source))


def _load_housing() -> Rows:
    """Reads `california_housing.csv`.

    Keras's own copy is not used: it has totals instead of averages and another order of rows, so
    that the same split would give other rows and figures could not be compared.
    """
    from nnrun.data.sources.csv import Csv

    for folder in (*_folders("california_housing"), *_roots()):
        path = folder / "california_housing.csv"
        if path.is_file():
            table = Csv(str(path)).read(
                target="MedHouseVal", features=HOUSING_COLUMNS, task="regression"
            )
            if len(table.rows.inputs) != HOUSING_ROWS:
                raise DataError(
                    f"{path} has {len(table.rows.inputs):,} rows, "
                    f"where {HOUSING_ROWS:,} were published",
                    hint="fetch the file again",
                )
            return table.rows
    raise _not_found(
        "california_housing",
        expected="california_housing.csv (header " + ",".join(HOUSING_COLUMNS) + ",MedHouseVal)",
        advice="write that file where there is internet: "
        "`sklearn.datasets.fetch_california_housing(as_frame=True).frame"
        ".to_csv('california_housing.csv', index=False)` "
        "(Keras's copy of the set has other columns and cannot be used)",
    )


DATASETS = {
    "mnist": _images(
        "mnist",
        title="Handwritten digits, 28x28 pixels of 0 to 255",
        credit="Y. LeCun, C. Cortes and C. J. C. Burges, 1998",
        shape=(28, 28),
        rows=60_000,
        classes="0,1,2,3,4,5,6,7,8,9",
    ),
    "fashion_mnist": _images(
        "fashion_mnist",
        title="Pictures of clothes, 28x28 pixels of 0 to 255",
        credit="H. Xiao, K. Rasul and R. Vollgraf, 2017",
        shape=(28, 28),
        rows=60_000,
        classes="T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot",
    ),
    "cifar10": _images(
        "cifar10",
        title="Colour photographs of ten things, 32x32 pixels of 0 to 255",
        credit="A. Krizhevsky, 2009",
        shape=(32, 32, 3),
        rows=50_000,
        classes="airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck",
    ),
    "cifar100": _images(
        "cifar100",
        title="Colour photographs of a hundred things, 32x32 pixels of 0 to 255",
        credit="A. Krizhevsky, 2009",
        shape=(32, 32, 3),
        rows=50_000,
        classes="apple,aquarium_fish,baby,bear,beaver,bed,bee,beetle,bicycle,bottle,bowl,boy,bridge,"
        "bus,butterfly,camel,can,castle,caterpillar,cattle,chair,chimpanzee,clock,cloud,cockroach,"
        "couch,crab,crocodile,cup,dinosaur,dolphin,elephant,flatfish,forest,fox,girl,hamster,house,"
        "kangaroo,keyboard,lamp,lawn_mower,leopard,lion,lizard,lobster,man,maple_tree,motorcycle,"
        "mountain,mouse,mushroom,oak_tree,orange,orchid,otter,palm_tree,pear,pickup_truck,pine_tree,"
        "plain,plate,poppy,porcupine,possum,rabbit,raccoon,ray,road,rocket,rose,sea,seal,shark,"
        "shrew,skunk,skyscraper,snail,snake,spider,squirrel,streetcar,sunflower,sweet_pepper,table,"
        "tank,telephone,television,tiger,tractor,train,trout,tulip,turtle,wardrobe,whale,"
        "willow_tree,wolf,woman,worm",
    ),
    "california_housing": NamedDataset(
        title="Median house values of Californian districts, in 100,000 dollars",
        facts=DataFacts("regression", 0, (), (8,), 1, train_rows=HOUSING_ROWS, test_rows=0),
        features=HOUSING_COLUMNS,
        target="MedHouseVal",
        input_dtype="float32",
        credit="R. K. Pace and R. Barry, 1997",
        load=_load_housing,
    ),
}
