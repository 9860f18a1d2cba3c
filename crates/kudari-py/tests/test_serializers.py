"""NPZ and HDF5 files."""

import io

import numpy as np
import pytest

import kudari
from kudari import serializers


class Thing:
    """Has one value of each kind, and a child."""

    def __init__(self, array, number, text, nothing, child=None):
        self.array, self.number, self.text, self.nothing, self.child = array, number, text, nothing, child

    def serialize(self, serializer):
        self.array = serializer("array", self.array)
        self.number = serializer("number", self.number)
        self.text = serializer("text", self.text)
        self.nothing = serializer("nothing", self.nothing)
        if self.child is not None:
            self.child.serialize(serializer["child"])


def full():
    return Thing(np.arange(6.0).reshape(2, 3), 7, "words", None, Thing(np.ones(2, "f"), 0.5, "ä", None))


def empty():
    return Thing(np.zeros((2, 3)), 0, "", None, Thing(np.zeros(2, "f"), 0.0, "", None))


def check(thing):
    assert thing.array.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert thing.number == 7 and type(thing.number) is int
    assert thing.text == "words" and thing.nothing is None
    assert thing.child.array.tolist() == [1, 1] and thing.child.number == 0.5 and thing.child.text == "ä"


@pytest.mark.parametrize("compression", [True, False])
def test_npz_round_trip_by_path_and_by_open_file(tmp_path, compression):
    path = str(tmp_path / "thing")
    serializers.save_npz(path, full(), compression)
    loaded, array = empty(), None
    array = loaded.array
    serializers.load_npz(path, loaded)
    check(loaded)
    assert loaded.array is array, "arrays are filled in place"
    buffer = io.BytesIO()
    serializers.save_npz(buffer, full(), compression)
    buffer.seek(0)
    again = empty()
    serializers.load_npz(buffer, again)
    check(again)


def test_hdf5_round_trip(tmp_path):
    pytest.importorskip("h5py")
    path = str(tmp_path / "thing.h5")
    serializers.save_hdf5(path, full())
    loaded = empty()
    serializers.load_hdf5(path, loaded)
    check(loaded)


def test_hdf5_says_when_h5py_is_missing(tmp_path):
    if serializers.hdf5._available:
        pytest.skip("h5py is installed")
    with pytest.raises(RuntimeError, match="pip install h5py"):
        serializers.save_hdf5(str(tmp_path / "x.h5"), full())


def test_keys_are_paths():
    target = {}
    full().serialize(serializers.DictionarySerializer(target)["/top/"])
    assert sorted(target)[:3] == ["top/array", "top/child/array", "top/child/nothing"]
    assert target["top/nothing"].shape == () and target["top/nothing"][()] is None


def test_missing_keys_and_ignored_keys():
    stored = {"array": np.ones((2, 3)), "number": np.array(3)}
    reader = serializers.NpzDeserializer(
        stored, strict=False, ignore_names=["number", lambda key: key == "text"]
    )
    assert reader("other", 5) == 5
    assert reader("number", 1) == 1
    with pytest.raises(KeyError):
        serializers.NpzDeserializer(stored)("other", 5)
    with pytest.raises(ValueError, match="ignore_names"):
        serializers.NpzDeserializer(stored, ignore_names=[3])("array", None)


def test_unsafe_numbers_and_wrong_shapes_are_refused():
    reader = serializers.NpzDeserializer({"f": np.array(1.5), "i": np.array(2**40), "a": np.ones(3)})
    assert reader("i", 0) == 2**40
    assert reader("f", 0.0) == 1.5
    with pytest.raises(TypeError, match="float64"):
        reader("f", 0)
    with pytest.raises(TypeError, match="int64"):
        reader("i", np.uint32(0))
    with pytest.raises(ValueError, match=r"'a' is stored with shape \(3,\)"):
        reader("a", np.ones(2))


def test_other_dtypes_are_converted_in_place():
    half = np.zeros(2, np.float16)
    assert serializers.NpzDeserializer({"a": np.array([1.5, 2.5])})("a", half) is half
    assert half.tolist() == [1.5, 2.5]


def test_a_dictionary_of_arrays_is_saved_as_it_is(tmp_path):
    path = str(tmp_path / "d.npz")
    serializers.save_npz(path, {"x": np.arange(3)})
    with np.load(path) as stored:
        assert stored["x"].tolist() == [0, 1, 2]


def test_a_chain_goes_through_npz(tmp_path):
    def build(value):
        chain = kudari.Chain()
        with chain.init_scope():
            chain.w = kudari.Parameter(np.full((2, 2), value, "f"))
        return chain

    path = str(tmp_path / "chain.npz")
    serializers.save_npz(path, build(3.0))
    other = build(0.0)
    serializers.load_npz(path, other)
    assert other.w.array.tolist() == [[3, 3], [3, 3]]
