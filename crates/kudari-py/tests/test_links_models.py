"""Classifiers, losses with parameters and link hooks, against NumPy formulas."""

import io
import itertools

import kudari
import kudari.links as L
import numpy as np
import pytest
from kudari import link_hooks

from link_helpers import close, convolved, randomized, uniform


class TestClassifier:
    def test_loss_accuracy_and_report(self):
        predictor = L.Linear(3, 2, initialW=1)
        predictor.W.array[1] = -1
        model, t = L.Classifier(predictor), np.array([0, 1], np.int32)
        observer = kudari.Reporter()
        observer.add_observer("main", model)
        x = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
        with observer, observer.scope({}):
            loss = model(x, t)
            observation = observer.observation
        expected = (np.log(1 + np.exp(-2)) + np.log(1 + np.exp(2))) / 2
        close(loss, expected)
        assert loss is model.loss and float(model.accuracy.array) == 0.5 and model.y.shape == (2, 2)
        assert sorted(observation) == ["main/accuracy", "main/loss"]

    @pytest.mark.parametrize(
        "label_key, args, kwargs",
        [
            (-1, ("x", "y", "t"), {}),
            (0, ("t", "x", "y"), {}),
            (1, ("x", "t", "y"), {}),
            (-2, ("x", "t", "y"), {}),
            ("label", ("x", "y"), {"label": "t"}),
            ("label", ("x",), {"y": "y", "label": "t"}),
        ],
    )
    def test_the_label_is_found(self, label_key, args, kwargs):
        class Both(kudari.Link):
            def forward(self, x, y):
                return x, y

        model = L.Classifier(Both(), lambda y, t: (*y, t), label_key=label_key)
        model.compute_accuracy = False
        assert model(*args, **kwargs) == ("x", "y", "t")

    def test_a_missing_label_is_told(self):
        with pytest.raises(ValueError, match="out of bounds"):
            L.Classifier(kudari.Link(), label_key=2)(1, 2)
        with pytest.raises(ValueError, match="not found"):
            L.Classifier(kudari.Link(), label_key="t")(1, 2)
        with pytest.raises(TypeError, match="int or str"):
            L.Classifier(kudari.Link(), label_key=1.5)


class TestLossLinks:
    def test_hierarchical_softmax_is_a_distribution(self):
        link, x = randomized(L.BinaryHierarchicalSoftmax(3, ((0, 1), ((2, 3), 4)))), uniform(1, 3)
        losses = [float(link(x, np.array([label], np.int32)).array) for label in range(5)]
        assert np.exp(-np.array(losses)).sum() == pytest.approx(1, rel=1e-5)
        assert losses[0] == pytest.approx(
            np.log1p(np.exp(-x[0] @ link.W.array[0])) + np.log1p(np.exp(-x[0] @ link.W.array[1])), rel=1e-4
        )
        batch = uniform(2, 3)
        x = kudari.Variable(batch)
        link.cleargrads()
        link(x, np.array([4, 4], np.int32)).backward()
        for row in range(2):
            one = kudari.Variable(batch[row : row + 1])
            link(one, np.array([4], np.int32)).backward()
            close(x.grad[row], one.grad[0])
        assert np.isfinite(link.W.grad).all() and (link.W.grad[1] == 0).all()

    def test_huffman_trees_give_frequent_words_short_paths(self):
        tree = L.BinaryHierarchicalSoftmax.create_huffman_tree({"x": 8, "y": 6, "z": 5, "w": 4, "v": 3})
        assert tree == (("z", "y"), (("v", "w"), "x"))
        with pytest.raises(ValueError, match="Empty"):
            L.BinaryHierarchicalSoftmax.create_huffman_tree({})
        with pytest.raises(ValueError, match="two child"):
            L.BinaryHierarchicalSoftmax(3, (0, 1, 2))

    def test_crf_against_all_paths(self):
        link = randomized(L.CRF1d(2))
        xs, ys = [uniform(1, 2) for _ in range(3)], [np.array([label], np.int32) for label in (1, 0, 1)]

        def score(path):
            steps = sum(x[0, label] for x, label in zip(xs, path))
            return steps + sum(link.cost.array[a, b] for a, b in zip(path, path[1:]))

        paths = list(itertools.product(range(2), repeat=3))
        total = np.log(sum(np.exp(score(path)) for path in paths))
        close(link(xs, ys), total - score((1, 0, 1)), 1e-4)
        _, best = link.argmax(xs)
        assert tuple(int(np.asarray(label)[0]) for label in best) == max(paths, key=score)

    def test_negative_sampling_starts_from_even_odds(self):
        link = L.NegativeSampling(3, [4, 2, 1], 5)
        loss = link(uniform(2, 3), np.array([0, 2], np.int32))
        close(loss, 2 * 6 * np.log(2), 1e-4)

    def test_black_out(self):
        link, x, t = randomized(L.BlackOut(3, [4, 2, 1, 1], 2)), uniform(2, 3), np.array([0, 1], np.int32)
        link.sample_data = np.array([[2, 3], [2, 3]], np.int32)
        scores = np.exp(x @ link.W.array.T)
        expected = []
        for row, label in enumerate(t):
            drawn = scores[row, [label, 2, 3]]
            p = drawn / drawn.sum()
            expected.append(-np.log(p[0]) - np.log(1 - p[1]) - np.log(1 - p[2]))
        close(link(x, t), np.mean(expected), 1e-4)


class TestLinkHooks:
    def test_spectral_normalization(self):
        link, x = L.Linear(4, 3), uniform(2, 4)
        W = link.W.array.copy()
        link.add_hook(link_hooks.SpectralNormalization(n_power_iteration=50))
        close(link(x), x @ (W / np.linalg.svd(W)[1][0]).T, 1e-4)
        np.testing.assert_array_equal(link.W.array, W)
        assert link.W_u.shape == (3,) and "W_u" in link._persistent
        link.delete_hook("SpectralNormalization")
        close(link(x), x @ W.T)
        assert not hasattr(link, "W_u")

    def test_spectral_normalization_with_gamma_starts_as_it_was(self):
        link, x = L.Convolution2D(None, 3, 2), uniform(1, 2, 3, 3)
        link.add_hook(link_hooks.SpectralNormalization(n_power_iteration=50, use_gamma=True))
        close(link(x), convolved(x, link.W.array, link.b.array), 1e-3)
        assert [name for name, _ in link.namedparams()] == ["/W", "/b", "/gamma"]
        with pytest.raises(NotImplementedError), link_hooks.SpectralNormalization():
            pass
        with pytest.raises(ValueError, match="'V'"):
            L.Linear(3, 2).add_hook(link_hooks.SpectralNormalization(weight_name="V"))

    def test_weight_standardization(self):
        link, x = L.Convolution2D(2, 3, 2, nobias=True), uniform(1, 2, 3, 3)
        link.add_hook(link_hooks.WeightStandardization())
        flat = link.W.array.reshape(3, -1)
        standard = (flat - flat.mean(1, keepdims=True)) / np.sqrt(flat.var(1, keepdims=True) + 1e-5)
        close(link(x), convolved(x, standard.reshape(link.W.shape), None), 1e-3)

    def test_timer(self):
        model, hook, out = (
            kudari.Sequential(L.Linear(3, 2), L.Linear(2, 2)),
            link_hooks.TimerHook(),
            io.StringIO(),
        )
        with hook:
            model(uniform(1, 3))
        assert [name for name, _ in hook.call_history] == ["Linear", "Linear", "Sequential"]
        assert hook.summary()["Linear"]["occurrence"] == 2
        assert hook.total_time() == hook.call_history[2][1] > hook.summary()["Linear"]["elapsed_time"]
        hook.print_report(unit="sec", file=out)
        header, *rows = out.getvalue().splitlines()
        assert header.split() == ["LinkName", "ElapsedTime", "Occurrence"]
        assert [row.split()[0] for row in rows] == ["Linear", "Sequential"] and rows[0].endswith("2")
        for unit in ("auto", "auto_foreach"):
            hook.print_report(unit=unit, file=out)
