"""Batches: order, epochs, ends, and going on after loading."""

import copy
import os
import pickle
import time

import numpy as np
import pytest

from kudari import iterators, serializers

KINDS = {
    "serial": iterators.SerialIterator,
    "threads": lambda *args, **kwargs: iterators.MultithreadIterator(*args, n_threads=2, **kwargs),
    "processes": lambda *args, **kwargs: iterators.MultiprocessIterator(*args, n_processes=2, **kwargs),
}
every_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


@every_kind
def test_in_order_once(make):
    with make([10, 11, 12, 13, 14], 2, repeat=False, shuffle=False) as iterator:
        assert iterator.previous_epoch_detail is None
        seen = []
        for batch in iterator:
            seen.append((batch, iterator.epoch, iterator.is_new_epoch, iterator.epoch_detail))
        assert seen == [([10, 11], 0, False, 0.4), ([12, 13], 0, False, 0.8), ([14], 1, True, 1.0)]
        with pytest.raises(StopIteration):
            iterator.next()
        iterator.reset()
        assert iterator.next() == [10, 11] and iterator.epoch == 0


@every_kind
def test_a_batch_may_reach_into_the_next_epoch(make):
    with make([0, 1, 2], 2, shuffle=False) as iterator:
        assert [iterator.next() for _ in range(3)] == [[0, 1], [2, 0], [1, 2]]
        assert iterator.epoch == 2 and iterator.current_position == 0
        assert iterator.previous_epoch_detail == pytest.approx(4 / 3)


@every_kind
def test_batches_larger_than_the_data(make):
    with make([0, 1, 2], 7, shuffle=False) as iterator:
        assert iterator.next() == [0, 1, 2, 0, 1, 2, 0]
        assert iterator.epoch == 2
    with make([0, 1, 2], 7, repeat=False, shuffle=False) as iterator:
        assert iterator.next() == [0, 1, 2]


@every_kind
def test_each_epoch_has_its_own_permutation(make):
    sampler = iterators.ShuffleOrderSampler(np.random.RandomState(3))
    expected = np.random.RandomState(3)
    with make(list(range(20)), 10, order_sampler=sampler) as iterator:
        for _ in range(3):
            assert iterator.next() + iterator.next() == expected.permutation(20).tolist()


@every_kind
def test_it_goes_on_where_it_was_saved(make):
    with make(list(range(7)), 3) as iterator, make(list(range(7)), 3) as other:
        iterator.next(), iterator.next()
        target = {}
        iterator.serialize(serializers.DictionarySerializer(target))
        other.next()
        other.serialize(serializers.NpzDeserializer(target))
        assert other.epoch_detail == iterator.epoch_detail == 6 / 7
        assert other.previous_epoch_detail == pytest.approx(3 / 7)
        assert other.next()[0] == iterator.next()[0]  # the last one of the same permutation


def test_files_of_older_programs_can_be_read():
    iterator = iterators.SerialIterator([1, 2, 3, 4], 2)
    state = {"current_position": 2, "epoch": 1, "is_new_epoch": False, "_order": [3, 2, 1, 0]}
    iterator.serialize(serializers.NpzDeserializer({key: np.asarray(value) for key, value in state.items()}))
    assert iterator.epoch_detail == 1.5 and iterator.previous_epoch_detail == 1.0
    assert iterator.next() == [2, 1]


@every_kind
def test_copies_are_independent(make):
    with make([1, 2, 3, 4], 2, shuffle=False) as iterator:
        iterator.next()
        other = copy.copy(iterator)
        assert iterator.next() == [3, 4]
        assert other.next() == [3, 4]
        other.finalize()


@every_kind
def test_wrong_use(make):
    with pytest.raises(ValueError, match="order_sampler"):
        make([1], 1, shuffle=True, order_sampler=iterators.ShuffleOrderSampler())
    with make([], 1) as iterator, pytest.raises(ValueError, match="empty"):
        iterator.next()
    with make([1, 2], 2, order_sampler=lambda order, position: order[position:]) as iterator:
        iterator._place = iterator._place._replace(current_position=1)
        with pytest.raises(ValueError, match="gave 1 indices"):
            iterator.next()


class Failing:
    def __len__(self):
        return 4

    def __getitem__(self, index):
        if index == 2:
            raise KeyError("example two is broken")
        return index


@every_kind
def test_errors_of_the_data_set_arrive(make):
    with make(Failing(), 2, shuffle=False) as iterator:
        assert iterator.next() == [0, 1]
        with pytest.raises(KeyError, match="example two is broken"):
            iterator.next()


class Pid:
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return os.getpid()


def test_processes_are_others_and_are_replaced():
    with iterators.MultiprocessIterator(Pid(), 2, n_processes=1, maxtasksperchild=1) as iterator:
        pids = {iterator.next()[0] for _ in range(3)}
    assert len(pids) == 3 and os.getpid() not in pids


class Dying:
    def __len__(self):
        return 2

    def __getitem__(self, index):
        os._exit(1)


def test_a_process_that_dies_is_an_error_and_not_a_standstill():
    with iterators.MultiprocessIterator(Dying(), 2, n_processes=2) as iterator:
        with pytest.raises(RuntimeError, match="has died"):
            iterator.next()


class Slow:
    def __len__(self):
        return 2

    def __getitem__(self, index):
        time.sleep(0.3)
        return index


def test_a_stalled_data_set_warns():
    with iterators.MultiprocessIterator(
        Slow(), 1, n_processes=1, shuffle=False, dataset_timeout=0.1
    ) as iterator:
        with pytest.warns(iterators.MultiprocessIterator.TimeoutWarning):
            assert iterator.next() == [0]


def test_a_finalized_process_iterator_stays_so():
    iterator = iterators.MultiprocessIterator([1, 2], 1)
    iterator.next()
    iterator.finalize()
    iterator.finalize()
    with pytest.raises(NotImplementedError):
        iterator.reset()


def test_large_arrays_come_through_pipes_while_many_indices_go_in():
    data = np.arange(20000 * 4, dtype=np.float32).reshape(20000, 4)
    with iterators.MultiprocessIterator(data, 20000, n_processes=1, shuffle=False, n_prefetch=3) as iterator:
        for _ in range(3):
            assert np.array_equal(np.stack(iterator.next()), data)


@every_kind
def test_pickling_keeps_the_place(make):
    with make(list(range(6)), 2, shuffle=False) as iterator:
        iterator.next()
        other = pickle.loads(pickle.dumps(iterator))
        assert other.next() == [2, 3] and iterator.next() == [2, 3]
        other.finalize()
