"""Normalizing links against NumPy formulas."""

import kudari
import kudari.links as L
import numpy as np
import pytest

from link_helpers import close, randomized, uniform


class TestNormalizations:
    def test_batch_normalization_trains_and_remembers(self):
        link, x = randomized(L.BatchNormalization(3, decay=0.8)), uniform(6, 3, 2)
        mean, var = x.mean(axis=(0, 2)), x.var(axis=(0, 2))
        gamma, beta = link.gamma.array[:, None], link.beta.array[:, None]
        normal = (x - mean[:, None]) / np.sqrt(var[:, None] + 2e-5)
        close(link(x), gamma * normal + beta, 1e-4)
        close(link.avg_mean, 0.2 * mean)
        close(link.avg_var, 0.8 + 0.2 * var * 12 / 11)
        with kudari.using_config("train", False):
            fixed = (x - link.avg_mean[:, None]) / np.sqrt(link.avg_var[:, None] + 2e-5)
            close(link(x), gamma * fixed + beta, 1e-4)
        assert sorted(link._persistent) == ["N", "avg_mean", "avg_var"]

    def test_finetuning_averages_the_calls(self):
        link, first, second = L.BatchNormalization(2), uniform(5, 2), uniform(5, 2)
        link(first, finetune=True)
        close(link.avg_mean, first.mean(axis=0))
        link(second, finetune=True)
        close(link.avg_mean, (first.mean(axis=0) + second.mean(axis=0)) / 2)
        assert link.N == 2
        link.start_finetuning()
        assert link.N == 0

    def test_shape_may_wait_for_the_first_call(self):
        link = L.BatchNormalization(axis=0, use_gamma=False)
        assert link.avg_mean is None and link.gamma is None
        link(uniform(4, 3, 2))
        assert link.avg_mean.shape == link.beta.shape == (3, 2)
        with pytest.raises(RuntimeError, match="size or axis"):
            L.BatchNormalization()
        with pytest.raises(ValueError, match="test argument"):
            link(uniform(4, 3, 2), test=True)
        assert repr(L.BatchNormalization(3)).startswith("BatchNormalization(size=3, decay=0.9, eps=2e-05")

    def test_first_values(self):
        link = L.BatchNormalization(
            2, initial_gamma=3, initial_beta=4, initial_avg_mean=5, initial_avg_var=uniform(2)
        )
        assert (link.gamma.array == 3).all() and (link.beta.array == 4).all() and (link.avg_mean == 5).all()
        with kudari.using_config("dtype", kudari.mixed16):
            assert L.BatchNormalization(2).gamma.dtype == np.float32

    def test_batch_renormalization(self):
        link, x = L.BatchRenormalization(3, rmax=1.5, dmax=0.5), uniform(8, 3)
        mean, std = x.mean(axis=0), np.sqrt(x.var(axis=0) + 2e-5)
        running_std = np.sqrt(1 + 2e-5)
        r = np.clip(std / running_std, 1 / 1.5, 1.5)
        d = np.clip(mean / running_std, -0.5, 0.5)
        close(link(x), (x - mean) / std * r + d, 1e-4)

    def test_layer_normalization(self):
        link, x = randomized(L.LayerNormalization(4)), uniform(3, 4)
        normal = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-6)
        close(link(x), normal * link.gamma.array + link.beta.array, 1e-4)
        waiting = L.LayerNormalization()
        close(waiting(x), normal, 1e-4)
        assert waiting.gamma.shape == (4,)

    def test_group_normalization(self):
        link, x = randomized(L.GroupNormalization(2, 4)), uniform(3, 4, 5)
        groups = x.reshape(3, 2, 10)
        normal = (groups - groups.mean(axis=2, keepdims=True)) / np.sqrt(
            groups.var(axis=2, keepdims=True) + 1e-5
        )
        close(link(x), normal.reshape(x.shape) * link.gamma.array[:, None] + link.beta.array[:, None], 1e-4)
        with pytest.raises(ValueError, match="at least 2"):
            L.GroupNormalization(1)(uniform(3))


class TestDecorrelatedBatchNormalization:
    def test_takes_correlation_away(self):
        link, x = L.DecorrelatedBatchNormalization(4, groups=2), uniform(50, 4)
        x[:, 1] += x[:, 0]
        y = link(x).array
        close(np.cov(y[:, :2].T, bias=True), np.eye(2), 1e-3)
        close(np.cov(y[:, 2:].T, bias=True), np.eye(2), 1e-3)
        close(link.avg_mean.ravel(), 0.1 * x.mean(axis=0))
        with kudari.using_config("train", False):
            expected = (x - link.avg_mean.ravel()).reshape(50, 2, 2)
            close(link(x), np.einsum("gij,bgj->bgi", link.avg_projection, expected).reshape(50, 4), 1e-4)

    def test_old_statistics_are_read_for_all_groups(self):
        class Old(kudari.Deserializer):
            def __call__(self, key, value):
                return {"avg_mean": np.array([1, 2], "f"), "avg_projection": np.eye(2), "N": 3}[key]

        link = L.DecorrelatedBatchNormalization(4, groups=2)
        with pytest.warns(UserWarning, match="old"):
            link.serialize(Old())
        np.testing.assert_array_equal(link.avg_mean, [[1, 2], [1, 2]])
        assert link.N == 3
