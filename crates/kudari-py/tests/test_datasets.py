"""Data sets, and batches as arrays."""

import pickle

import numpy as np
import pytest

import kudari
from kudari import dataset, datasets


class Squares(dataset.DatasetMixin):
    def __len__(self):
        return 5

    def get_example(self, i):
        return i * i


def test_mixin_indexing():
    squares = Squares()
    assert squares[3] == 9
    assert squares[1:4] == [1, 4, 9] and squares[::-2] == [16, 4, 0]
    assert squares[[0, 4]] == squares[np.array([0, 4])] == [0, 16]


def test_tuples_and_dictionaries():
    x, y = np.arange(6.0).reshape(3, 2), [7, 8, 9]
    pairs = datasets.TupleDataset(x, y)
    assert len(pairs) == 3 and pairs[1][0].tolist() == [2, 3] and pairs[1][1] == 8
    assert [label for _, label in pairs[1:]] == [8, 9]
    named = datasets.DictDataset(x=x, y=y)
    assert named[2]["y"] == 9 and [row["y"] for row in named[:2]] == [7, 8]
    for make in (lambda: datasets.TupleDataset(x, [1]), lambda: datasets.DictDataset(x=x, y=[1])):
        with pytest.raises(ValueError, match="equal lengths"):
            make()
    with pytest.raises(ValueError):
        datasets.TupleDataset()


def test_parts_and_splits():
    part = datasets.SubDataset("abcdef", 1, 4, order=[5, 4, 3, 2, 1, 0])
    assert part[:] == ["e", "d", "c"] and part[-1] == "c"
    for index in (3, -4):
        with pytest.raises(IndexError):
            part[index]
    first, rest = datasets.split_dataset("abcdef", 2)
    assert (first[:], rest[:]) == (["a", "b"], ["c", "d", "e", "f"])
    first, rest = datasets.split_dataset_random(list(range(10)), 3, seed=1)
    assert first[:] == np.random.RandomState(1).permutation(10)[:3].tolist()
    assert sorted(first[:] + rest[:]) == list(range(10))
    assert [part[:] for part in datasets.split_dataset_n(list(range(7)), 3)] == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(TypeError):
        datasets.split_dataset("ab", 1.0)
    for split in (-1, 3):
        with pytest.raises(ValueError, match="split_at"):
            datasets.split_dataset("ab", split)


def test_cross_validation_tests_every_example_once():
    folds = datasets.get_cross_validation_datasets(list(range(7)), 3)
    assert [test[:] for _, test in folds] == [[4, 5, 6], [2, 3], [0, 1]]
    assert folds[1][0][:] == [4, 5, 6, 0, 1]
    shuffled = datasets.get_cross_validation_datasets_random(list(range(7)), 3, seed=0)
    assert sorted(sum((test[:] for _, test in shuffled), [])) == list(range(7))


def test_joined_and_transformed():
    joined = datasets.ConcatenatedDataset([1, 2], [3], [4, 5])
    assert joined[:] == [1, 2, 3, 4, 5]
    for index in (5, -1):
        with pytest.raises(IndexError):
            joined.get_example(index)
    assert datasets.TransformDataset(joined, lambda value: -value)[1:3] == [-2, -3]


def test_lines_of_text(tmp_path):
    a, b = tmp_path / "a.txt", tmp_path / "b.txt"
    a.write_text("eins\nzwölf\ndrei", encoding="utf-8")
    b.write_text("one\ntwelve\nthree\n")
    lines = datasets.TextDataset([str(a), str(b)], encoding="utf-8", filter_func=lambda x, y: x[0] != "e")
    assert lines[:] == [("zwölf\n", "twelve\n"), ("drei", "three\n")]
    again = pickle.loads(pickle.dumps(lines))
    lines.close()
    assert again[1] == ("drei", "three\n")
    again.close()
    with pytest.raises(ValueError, match="operation on closed file"):
        lines[0]
    b.write_text("one\n")
    with pytest.raises(ValueError, match="number of lines"):
        datasets.TextDataset([str(a), str(b)], encoding="utf-8")
    with pytest.raises(ValueError, match="each file"):
        datasets.TextDataset([str(a), str(b)], encoding=["utf-8"])


def test_image_files(tmp_path):
    image = pytest.importorskip("PIL.Image")
    colours = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    image.fromarray(colours).save(tmp_path / "c.png")
    image.fromarray(colours[:, :, 0]).save(tmp_path / "g.png")
    (tmp_path / "list.txt").write_text("c.png 4\ng.png 1\n")
    pictures = datasets.ImageDataset(["c.png", "g.png"], root=str(tmp_path))
    assert pictures[0].shape == (3, 2, 3) and pictures[0].dtype == np.float32
    assert pictures[0][1].tolist() == colours[:, :, 1].tolist()
    assert pictures[1].shape == (1, 2, 3)
    labelled = datasets.LabeledImageDataset(
        str(tmp_path / "list.txt"), root=str(tmp_path), label_dtype=np.int64
    )
    assert [int(label) for _, label in labelled[:]] == [4, 1] and labelled[0][1].dtype == np.int64


def test_mnist():
    train, test = datasets.get_mnist()
    assert (len(train), len(test)) == (60000, 10000)
    pixels, label = train[0]
    assert pixels.shape == (784,) and pixels.dtype == np.float32 and label.dtype == np.int32
    assert 0 == pixels.min() and pixels.max() == 1
    assert np.bincount([label for _, label in test[:]]).tolist() == [
        980,
        1135,
        1032,
        1010,
        982,
        892,
        958,
        1028,
        974,
        1009,
    ]
    images, _ = datasets.get_mnist(withlabel=False, ndim=3, scale=255.0, dtype=np.float16, rgb_format=True)
    assert images.shape == (60000, 3, 28, 28) and images.dtype == np.float16
    assert images[0, 2].ravel().tolist() == pytest.approx((pixels * 255).tolist(), abs=0.2)
    with pytest.raises(ValueError, match="ndim"):
        datasets.get_mnist(ndim=4)


def test_stacking_arrays_tuples_and_dictionaries():
    rows = [np.full((2, 3), i, "f") for i in range(4)]
    stacked = dataset.concat_examples(rows)
    assert stacked.shape == (4, 2, 3) and stacked.dtype == np.float32 and stacked[3, 1, 1] == 3
    x, t = dataset.concat_examples([(row, np.int32(i)) for i, row in enumerate(rows)], -1)
    assert x.shape == (4, 2, 3) and t.tolist() == [0, 1, 2, 3] and t.dtype == np.int32
    named = dataset.concat_examples([{"x": row, "n": 1.5} for row in rows])
    assert named["n"].tolist() == [1.5] * 4 and named["x"].shape == (4, 2, 3)
    assert dataset.concat_examples([1, 2]).tolist() == [1, 2]


def test_stacking_with_padding():
    ragged = [np.ones((1, 3), "f"), np.ones((2, 1), "f")]
    stacked = dataset.concat_examples(ragged, padding=-1)
    assert stacked.tolist() == [[[1, 1, 1], [-1, -1, -1]], [[1, -1, -1], [1, -1, -1]]]
    x, n = dataset.concat_examples([(row, 5) for row in ragged], padding=(0, 9))
    assert x.sum() == 5 and n.tolist() == [5, 5]
    with pytest.raises(ValueError, match=r"\(1, 3\), \(2, 1\)"):
        dataset.concat_examples(ragged)
    with pytest.raises(ValueError, match="empty"):
        dataset.concat_examples([])


def test_converters_get_devices():
    @dataset.converter()
    def convert(batch, device):
        return device

    assert isinstance(convert, dataset.Converter)
    assert convert([1], None) is None
    assert convert([1], -1) == convert([1], device="@numpy") == kudari.get_device("@numpy")
    assert dataset.to_device(None, "x") == "x"
    with pytest.raises(TypeError):
        dataset.converter()(3)
