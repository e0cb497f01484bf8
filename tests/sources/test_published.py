import gzip
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from nnrun.errors import DataError
from nnrun.sources import housing
from nnrun.sources.finding import named_dataset, named_datasets
from nnrun.sources.idx import read_idx
from nnrun.sources.npz import read_npz

EMBEDDED = ("digits", "iris", "wine", "breast_cancer", "diabetes")
COMPUTED = ("and", "or", "xor", "not", "identity")


def idx(array):
    head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return head + array.astype(np.uint8).tobytes()


@pytest.mark.parametrize("name", EMBEDDED + COMPUTED)
def test_the_facts_tell_the_truth(name):
    dataset = named_dataset(name)
    rows, facts = dataset.load(), dataset.facts
    assert rows.rows.shape == (facts.train_rows, *facts.input_shape)
    assert rows.rows.dtype == (np.float32 if dataset.features else np.uint8)
    assert rows.test is None
    assert facts.test_rows == 0
    if facts.classes:
        assert rows.targets.dtype == np.int32
        assert sorted(set(rows.targets.tolist())) == list(range(facts.classes))
        assert len(facts.class_names) == facts.classes
    else:
        assert rows.targets.shape == (facts.train_rows, 1)
        assert rows.targets.dtype == np.float32
    if dataset.features:
        assert facts.input_shape == (len(dataset.features),)


@pytest.mark.parametrize(
    ("name", "counts", "first"),
    [
        ("digits", [178, 182, 177, 183, 181, 182, 181, 179, 174, 180], [0, 0, 5, 13, 9, 1, 0, 0]),
        ("iris", [50, 50, 50], [5.1, 3.5, 1.4, 0.2]),
        ("wine", [59, 71, 48], [14.23, 1.71, 2.43, 15.6, 127, 2.8]),
        ("breast_cancer", [212, 357], [17.99, 10.38, 122.8, 1001, 0.1184]),
    ],
)
def test_the_embedded_sets_are_the_published_ones(name, counts, first):
    rows = named_dataset(name).load()
    assert np.bincount(rows.targets).tolist() == counts
    assert rows.rows[0].ravel()[: len(first)].tolist() == np.float32(first).tolist()


def test_diabetes_has_the_raw_features():
    rows = named_dataset("diabetes").load()
    assert (
        rows.rows[0].tolist()
        == np.float32([59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87]).tolist()
    )
    assert rows.targets[:2].tolist() == [[151], [75]]


@pytest.mark.parametrize(
    ("name", "results"),
    [("and", [0, 0, 0, 1]), ("or", [0, 1, 1, 1]), ("xor", [0, 1, 1, 0]), ("not", [1, 0])],
)
def test_truth_tables(name, results):
    rows = named_dataset(name).load()
    assert rows.targets.tolist() == results


def test_identity_is_eight_one_hot_rows():
    rows = named_dataset("identity").load()
    assert (rows.rows == np.eye(8)).all()
    assert rows.targets.tolist() == list(range(8))


def test_names_are_found_or_suggested():
    assert list(named_datasets()) == sorted(
        (
            *EMBEDDED,
            *COMPUTED,
            "mnist",
            "fashion_mnist",
            "cifar10",
            "cifar100",
            "california_housing",
        )
    )
    with pytest.raises(DataError, match="unknown data set 'fashion-mnst'") as caught:
        named_dataset("fashion-mnst")
    assert caught.value.hint == "Did you mean 'fashion_mnist'?"
    with pytest.raises(DataError) as caught:
        named_dataset("zzz")
    assert "iris" in caught.value.hint


def test_cifar100_names_a_hundred_classes_in_alphabetical_order():
    names = named_dataset("cifar100").facts.class_names
    assert len(names) == 100
    assert list(names) == sorted(names)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_idx_is_read_plain_or_gzipped(tmp_path, pack):
    array = np.arange(24).reshape(2, 3, 4)
    path = tmp_path / "images"
    path.write_bytes(pack(idx(array)))
    assert (read_idx(path) == array).all()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (idx(np.zeros((2, 3)))[:-1], "truncated or damaged: 17 bytes, .* promises 18"),
        (idx(np.zeros((2, 3)))[:6], "truncated or damaged"),
        (gzip.compress(idx(np.zeros(500)))[:-9], "cannot be read"),
        (b"\x1f\x8b\x08nonsense and more of it", "cannot be read"),
        (b"<html>", "no IDX file"),
        (b"", "no IDX file"),
    ],
    ids=["one byte short", "header cut", "gzip cut", "no gzip", "a web page", "empty"],
)
def test_damaged_idx_files_are_named(tmp_path, content, says):
    path = tmp_path / "images"
    path.write_bytes(content)
    with pytest.raises(DataError, match=says) as caught:
        read_idx(path)
    assert str(path) in caught.value.message


def test_damaged_and_pickled_npz_files_are_refused(tmp_path):
    path = tmp_path / "set.npz"
    np.savez(path, x=np.zeros(3))
    assert read_npz(path, ["x"])[0].tolist() == [0, 0, 0]
    with pytest.raises(DataError, match="no array 'y', only x"):
        read_npz(path, ["x", "y"])
    whole = path.read_bytes()
    for content in (whole[:-30], whole[:5], b"", pickle.dumps({"x": 1})):
        path.write_bytes(content)
        with pytest.raises(DataError, match="cannot be read"):
            read_npz(path, ["x"])
    np.savez(path, x=np.array([{}], dtype=object))
    with pytest.raises(DataError, match="cannot be read"):
        read_npz(path, ["x"])


@pytest.fixture(scope="module")
def blank_mnist():
    """The arrays of a set as large as MNIST, all black; every label occurs."""
    return {
        "x_train": np.zeros((60_000, 28, 28), np.uint8),
        "y_train": (np.arange(60_000) % 10).astype(np.uint8),
        "x_test": np.ones((10_000, 28, 28), np.uint8),
        "y_test": (np.arange(10_000) % 10).astype(np.uint8),
    }


def write_idx(folder, arrays, pack=bytes, end=""):
    folder.mkdir(parents=True)
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    for name, array in zip(names, arrays.values(), strict=True):
        (folder / f"{name}-ubyte{end}").write_bytes(pack(idx(array)))


@pytest.fixture
def homes(tmp_path, monkeypatch):
    """Empty folders in place of the user's: NNRUN_DATA and Keras's cache."""
    monkeypatch.setenv("NNRUN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "data", tmp_path / "keras" / "datasets"


def test_idx_files_are_found_in_a_folder_of_the_sets_name(homes, blank_mnist):
    write_idx(homes[0] / "fashion-mnist", blank_mnist)
    rows = named_dataset("fashion_mnist").load()
    assert rows.rows.shape == (60_000, 28, 28)
    assert rows.targets[:11].tolist() == [*range(10), 0]
    assert rows.test.rows.shape == (10_000, 28, 28)
    assert rows.source == str(homes[0] / "fashion-mnist")


def test_nnrun_data_may_be_the_folder_of_the_set_itself(homes, blank_mnist, monkeypatch):
    write_idx(homes[0] / "mnist", blank_mnist)
    monkeypatch.setenv("NNRUN_DATA", str(homes[0] / "mnist"))
    assert named_dataset("mnist").load().source == str(homes[0] / "mnist")


def test_keras_cache_is_searched_and_a_smaller_set_refused(homes, blank_mnist):
    homes[1].mkdir(parents=True)
    np.savez_compressed(homes[1] / "mnist.npz", **blank_mnist)
    rows = named_dataset("mnist").load()
    assert rows.test.targets.dtype == np.int32
    assert rows.source == str(homes[1] / "mnist.npz")
    np.savez(homes[1] / "mnist.npz", **{name: a[:20] for name, a in blank_mnist.items()})
    with pytest.raises(DataError, match=r"mnist.npz holds images \(20, 28, 28\)"):
        named_dataset("mnist").load()


def test_a_label_beyond_the_classes_is_refused(homes, blank_mnist):
    homes[1].mkdir(parents=True)
    labels = np.full_like(blank_mnist["y_test"], 11)
    np.savez_compressed(homes[1] / "mnist.npz", **{**blank_mnist, "y_test": labels})
    with pytest.raises(DataError, match="label 11"):
        named_dataset("mnist").load()


def test_california_housing_says_what_it_needs(homes):
    with pytest.raises(DataError, match="'california_housing' was not found in") as caught:
        named_dataset("california_housing").load()
    assert str(homes[0] / "california-housing") in caught.value.message
    assert "NNRUN_DATA" in caught.value.hint
    homes[0].mkdir()
    columns = named_dataset("california_housing").features
    text = ",".join([*columns, "MedHouseVal"]) + "\n" + "1," * 8 + "2\n"
    (homes[0] / "california_housing.csv").write_text(text)
    with pytest.raises(DataError, match="has 1 rows, where 20,640"):
        named_dataset("california_housing").load()


def test_without_files_and_internet_the_search_is_told(tmp_path):
    closed = dict.fromkeys(("http_proxy", "https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")
    code = (
        "from nnrun.sources.finding import named_dataset\n"
        "from nnrun.errors import DataError\n"
        "try:\n    named_dataset('mnist').load()\n"
        "except DataError as error:\n    print(error.message, error.hint)\n"
    )
    environment = os.environ | closed | {"NNRUN_DATA": str(tmp_path), "KERAS_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert f"'mnist' was not found in {tmp_path / 'mnist'}" in done.stdout
    assert "Keras could not fetch it" in done.stdout
    assert "train-images-idx3-ubyte" in done.stdout


needs_data = pytest.mark.skipif(
    not os.environ.get("NNRUN_DATA"), reason="NNRUN_DATA names no folder with the big data sets"
)


@pytest.mark.data
@needs_data
@pytest.mark.parametrize(
    ("name", "total", "labels"),
    [("fashion_mnist", 3_431_114_169, [9, 0, 0, 3]), ("mnist", 1_567_298_545, [5, 0, 4, 1])],
)
def test_the_image_sets_are_the_published_ones(name, total, labels):
    rows = named_dataset(name).load()
    assert rows.rows.sum(dtype=np.int64) == total
    assert rows.targets[:4].tolist() == labels
    assert np.bincount(rows.test.targets).sum() == 10_000


@pytest.mark.data
@needs_data
def test_california_housing_is_the_published_one():
    rows = named_dataset("california_housing").load()
    assert rows.rows.shape == (20_640, 8)
    first = np.flatnonzero(rows.rows[:, 0] == np.float32(8.3252))
    assert rows.targets[first].tolist() == [[np.float32(4.526)]]
    assert rows.rows[first[0], 6:].tolist() == np.float32([37.88, -122.23]).tolist()


@pytest.mark.data
@needs_data
def test_california_housing_is_the_same_from_the_copy_of_keras():
    rows = named_dataset("california_housing").load()
    table = dict(zip(housing.FEATURES, rows.rows.T.astype(np.float64), strict=True))
    households = np.round(table["Population"] / table["AveOccup"])
    census = [
        table["Longitude"],
        table["Latitude"],
        table["HouseAge"],
        np.round(table["AveRooms"] * households),
        np.round(table["AveBedrms"] * households),
        table["Population"],
        households,
        table["MedInc"],
    ]
    order = np.random.default_rng(0).permutation(housing.ROWS)
    columns = np.stack(census, axis=1).astype(np.float32)[order]
    again = housing._from_census(columns, rows.targets[order, 0] * 1e5, "a copy")
    np.testing.assert_array_equal(again.rows, rows.rows)
    np.testing.assert_allclose(again.targets, rows.targets, rtol=1e-6)


def test_columns_that_are_not_known_are_refused():
    columns = np.ones((housing.ROWS, 8), np.float32)
    with pytest.raises(DataError, match="a copy has no column that is MedInc"):
        housing._from_census(columns, columns[:, 0], "a copy")
