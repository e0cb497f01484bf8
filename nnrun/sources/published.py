"""Well-known data sets that are too big to include: read from disk, or downloaded by Keras."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nnrun.config.facts import DataFacts
from nnrun.config.tasks import task_of_classes
from nnrun.errors import DataError
from nnrun.sources.frame import Arrays
from nnrun.sources.named import NamedDataset
from nnrun.sources.places import fetch_with_keras, folders_of, roots

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

ARCHIVED = ("x_train", "y_train", "x_test", "y_test")
IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def _images(
    name: str, *, title: str, credit: str, shape: tuple[int, ...], rows: int, classes: str
) -> NamedDataset:
    """The entry of an image set with 10,000 published test rows; `classes` has commas."""
    names = tuple(classes.split(","))
    task = task_of_classes(len(names))
    facts = DataFacts(task, len(names), names, shape, 1, train_rows=rows, test_rows=10_000)
    return NamedDataset(name, title, facts, (), "label", credit, partial(_load, name, facts))


def _load(name: str, facts: DataFacts) -> Arrays:
    """Read an image set from disk if it is there, otherwise through Keras's own loader."""
    for folder in folders_of(name):
        files = _idx_files(folder)
        if files:
            from nnrun.sources.idx import read_idx

            return _checked([read_idx(path) for path in files], facts, str(folder))
    for folder in (*folders_of(name), *roots()):
        archive = folder / f"{name}.npz"
        if archive.is_file():
            from nnrun.sources.npz import read_npz

            return _checked(read_npz(archive, ARCHIVED), facts, str(archive))
    expected = (
        f"a folder '{name}' with {', '.join(IDX_FILES)} (plain or .gz), "
        f"or {name}.npz with {', '.join(ARCHIVED)}"
    )
    return _checked(fetch_with_keras(name, expected), facts, f"keras.datasets.{name}")


def _idx_files(folder: Path) -> list[Path]:
    """The four files of an IDX set, plain or gzipped; empty unless all exist."""
    files = []
    for name in IDX_FILES:
        spellings = (name, name.replace("-idx", ".idx"))
        paths = (folder / f"{spelling}{end}" for spelling in spellings for end in ("", ".gz"))
        files += [path for path in paths if path.is_file()][:1]
    return files if len(files) == len(IDX_FILES) else []


def _checked(arrays: list[np.ndarray], facts: DataFacts, source: str) -> Arrays:
    """The rows, after checking that the data set is complete: a part of it is another data set."""
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
    return Arrays(*train, source, test=Arrays(*test, source))


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
}
