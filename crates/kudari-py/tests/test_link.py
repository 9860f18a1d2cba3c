"""Links, chains and lists of links: registration, names, copies, hooks."""

import copy
import pickle
import warnings

import kudari
import kudari.links as L
import numpy as np
import pytest
from kudari import initializers
from kudari.link import Chain, ChainList, Link

from link_helpers import Affine


def chain():
    return Chain(one=Affine(1), group=Chain(three=Affine(3), two=Affine(2)))


def chain_list():
    return ChainList(Affine(1), ChainList(Affine(2), Affine(3)))


def values(link):
    return {name: float(param.array) for name, param in link.namedparams()}


def test_parameters_by_keyword():
    link = Link(x=(2, 3), y=None, z=((2,), "d"), n=4)
    assert link.x.shape == (2, 3) and link.x.dtype == np.float32 and np.isnan(link.x.array).all()
    assert not link.y.is_initialized
    assert link.z.dtype == np.float64
    assert link.n.shape == (4,)
    assert [param.name for param in link.params()] == ["n", "x", "y", "z"]
    assert [name for name, _ in link.namedparams(include_uninit=False)] == ["/n", "/x", "/z"]


def test_only_init_scope_registers():
    link = Link()
    link.outside = kudari.Parameter(np.zeros(2, "f"))
    with link.init_scope():
        assert link.within_init_scope
        link.inside = kudari.Parameter(np.zeros(2, "f"))
        link.variable = kudari.Variable(np.zeros(2, "f"))
    assert not link.within_init_scope
    assert [name for name, _ in link.namedparams()] == ["/inside"]
    assert link.inside.name == "inside"


def test_names_are_taken_once():
    link = Link(w=(2,))
    with pytest.raises(AttributeError, match="w"):
        link.add_param("w", (3,))
    with pytest.raises(AttributeError, match="w"):
        link.add_persistent("w", 1)
    with pytest.raises(AttributeError, match="nothing"):
        link.register_persistent("nothing")
    parent = Chain(child=Link())
    with pytest.raises(AttributeError, match="child"):
        parent.add_link("child", Link())
    with pytest.raises(AttributeError, match="child"), parent.init_scope():
        parent.child = Link()
    with pytest.raises(TypeError, match="int"):
        parent.add_link("number", 1)


def test_add_param_with_initializer():
    link = Link()
    link.add_param("w", (2,), initializer=initializers.Constant(3, np.float64))
    np.testing.assert_array_equal(link.w.array, [3, 3])
    assert link.w.dtype == np.float64


def test_deleted_attributes_are_forgotten():
    parent = chain()
    del parent.group.two
    assert values(parent) == {"/group/three/a": 3, "/one/a": 1}
    del parent.one.a
    assert values(parent) == {"/group/three/a": 3}


def test_init_must_be_called():
    class Forgetful(Chain):
        def __init__(self):
            pass

    with pytest.raises(RuntimeError, match="__init__"):
        Forgetful()(1)
    with pytest.raises(RuntimeError, match="__init__"), Forgetful().init_scope():
        pass


def test_paths_of_parameters_and_links():
    assert values(chain()) == {"/group/three/a": 3, "/group/two/a": 2, "/one/a": 1}
    assert values(chain_list()) == {"/0/a": 1, "/1/0/a": 2, "/1/1/a": 3}
    assert [path for path, _ in chain().namedlinks()] == ["/", "/group", "/group/three", "/group/two", "/one"]
    assert [path for path, _ in chain_list().namedlinks(skipself=True)] == ["/0", "/1", "/1/0", "/1/1"]
    parent = chain()
    assert list(parent.children()) == [parent.group, parent.one]
    assert list(parent.links(skipself=True)) == [
        parent.group,
        parent.group.three,
        parent.group.two,
        parent.one,
    ]
    assert parent["one"] is parent.one and parent.one.name == "one"


def test_a_list_renumbers_its_links():
    links = chain_list()
    first, extra = links[0], Affine(4)
    links.insert(0, extra)
    assert (links[0], links[1]) == (extra, first) and (extra.name, first.name) == ("0", "1")
    del links[0]
    assert first.name == "0" and len(links) == 2
    links[0] = extra
    assert values(links)["/0/a"] == 4
    links[:] = [first]
    assert values(links) == {"/0/a": 1}
    assert links.pop() is first and len(links) == 0
    with pytest.raises(TypeError, match="str"):
        links["a"] = first
    with pytest.raises(TypeError, match="init_scope"), links.init_scope():
        links.link = Affine()


@pytest.mark.parametrize("make", [chain, chain_list])
def test_shared_copies_share_arrays_alone(make):
    original = make()
    twin = original.copy()
    for (_, mine), (_, other) in zip(original.namedparams(), twin.namedparams()):
        assert mine is not other and mine.array is other.array and other.grad is None
    next(original.params()).array[...] = 9
    assert values(twin) == values(original)
    with original.init_scope():
        original.extra = kudari.Parameter(np.zeros(1, "f"))
    assert len(list(twin.params())) == 3


@pytest.mark.parametrize("make", [chain, chain_list])
def test_deep_copies_stand_alone(make):
    original = make()
    before = values(original)
    twin = original.copy("copy")
    for param in original.params():
        param.array[...] = 9
    assert values(twin) == before
    assert [link.name for link in twin.links()] == [link.name for link in original.links()]


def test_init_copies_draw_anew():
    original = Chain(l=L.Linear(30, 20))
    twin = original.copy("init")
    assert twin.l.W.shape == (20, 30)
    assert not np.array_equal(twin.l.W.array, original.l.W.array)
    assert abs(twin.l.W.array.std() * np.sqrt(30) - 1) < 0.2
    with pytest.raises(ValueError, match="deep"):
        original.copy("deep")


def test_repeat():
    repeated = L.Linear(3, 3).repeat(3)
    assert len(repeated) == 3 and type(repeated) is kudari.Sequential
    assert not np.array_equal(repeated[0].W.array, repeated[1].W.array)
    shared = L.Linear(3, 3).repeat(2, mode="share")
    assert shared[0].W.array is shared[1].W.array
    assert len(L.Linear(3, 3).repeat(0)) == 0
    with pytest.raises(ValueError, match="mode"):
        L.Linear(3, 3).repeat(2, mode="deep")


@pytest.mark.parametrize("make", [chain, chain_list])
def test_copyparams(make):
    source, target = make(), make()
    for param in target.params():
        param.array[...] = 0
    for link in source.links(skipself=True):
        if isinstance(link, Affine):
            link.b[...] = 5
    target.copyparams(source, copy_persistent=False)
    assert values(target) == values(source)
    assert {float(link.b) for link in target.links() if isinstance(link, Affine)} == {1}
    target.copyparams(source)
    assert {float(link.b) for link in target.links() if isinstance(link, Affine)} == {5}


@pytest.mark.parametrize("make", [chain, chain_list])
def test_gradients_are_cleared_zeroed_added(make):
    link, other = make(), make()
    for number, param in enumerate(link.params()):
        param.grad = np.array(number, np.float32)
    for param in other.params():
        param.grad = np.array(10, np.float32)
    link.addgrads(other)
    assert [float(param.grad) for param in link.params()] == [10, 11, 12]
    with pytest.warns(DeprecationWarning, match="cleargrads"):
        link.zerograds()
    assert [float(param.grad) for param in link.params()] == [0, 0, 0]
    link.cleargrads()
    assert [param.grad for param in link.params()] == [None] * 3


def test_frozen_links_are_not_updated():
    parent = chain()
    assert not parent.update_enabled
    optimizer = kudari.optimizers.SGD(lr=1).setup(parent)
    assert parent.update_enabled
    parent.group.disable_update()
    assert parent.update_enabled and not parent.group.update_enabled
    for param in parent.params():
        param.grad = np.array(1, np.float32)
    optimizer.update()
    assert values(parent) == {"/group/three/a": 3, "/group/two/a": 2, "/one/a": 0}
    parent.enable_update()
    optimizer.update()
    assert values(parent) == {"/group/three/a": 2, "/group/two/a": 1, "/one/a": -1}


class Recorder:
    """A serializer that remembers what it is given under its path."""

    def __init__(self, path="", into=None):
        self.path = path
        self.into = {} if into is None else into

    def __getitem__(self, key):
        return Recorder(f"{self.path}{key}/", self.into)

    def __call__(self, key, value):
        self.into[self.path + key] = value
        return value


class Player(Recorder):
    """A deserializer that gives back what a Recorder remembered."""

    def __getitem__(self, key):
        return Player(f"{self.path}{key}/", self.into)

    def __call__(self, key, value):
        saved = self.into[self.path + key]
        if isinstance(value, np.ndarray):
            np.copyto(value, saved)
            return value
        return saved


@pytest.mark.parametrize(
    "make, paths",
    [
        (chain, ["group/three/a", "group/three/b", "group/two/a", "group/two/b", "one/a", "one/b"]),
        (chain_list, ["0/a", "0/b", "1/0/a", "1/0/b", "1/1/a", "1/1/b"]),
    ],
)
def test_serialization_under_paths(make, paths):
    recorder, source, target = Recorder(), make(), make()
    source.serialize(recorder)
    assert sorted(recorder.into) == paths
    for param in target.params():
        param.array[...] = 0
    target.serialize(Player(into=recorder.into))
    assert values(target) == values(source)


def test_parameters_that_wait_are_made_when_read():
    source, target = L.Linear(3, 2), L.Linear(None, 2)
    recorder = Recorder()
    source.serialize(recorder)
    target.serialize(Player(into=recorder.into))
    np.testing.assert_array_equal(target.W.array, source.W.array)
    assert target.W.array is not source.W.array


def test_links_survive_pickle_and_deepcopy():
    for twin in (pickle.loads(pickle.dumps(chain())), copy.deepcopy(chain())):
        assert values(twin) == values(chain())


def test_count_params():
    parent = Chain(a=L.Linear(3, 2), b=L.Linear(4))
    with pytest.warns(UserWarning, match="'/b/W'"):
        assert parent.count_params() == 3 * 2 + 2 + 4
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parent.a.count_params() == 8


def test_repr_shows_the_tree():
    parent = Chain(l1=L.Linear(None, 3), tail=ChainList(L.Linear(3, 2, nobias=True)))
    assert (
        repr(parent)
        == str(parent)
        == (
            "Chain(\n"
            "  (l1): Linear(in_size=None, out_size=3, nobias=False),\n"
            "  (tail): ChainList(\n"
            "    (0): Linear(in_size=3, out_size=2, nobias=True),\n"
            "  ),\n"
            ")"
        )
    )
    assert repr(Chain()) == "Chain()"


def test_a_mixin_may_bring_the_calculation():
    class Doubling:
        def __call__(self, x):
            return 2 * x

    class Model(Link, Doubling):
        pass

    assert Model()(4) == 8


def test_everything_stays_on_the_cpu():
    link = chain()
    assert link.xp is np
    assert link.to_device("@numpy") is link
    with pytest.warns(DeprecationWarning):
        assert link.to_cpu() is link
    with pytest.warns(DeprecationWarning), pytest.raises(RuntimeError, match="CPU"):
        link.to_gpu()


def test_from_params_is_for_those_that_have_it():
    with pytest.raises(NotImplementedError, match="Affine"):
        Affine.from_params(1)
