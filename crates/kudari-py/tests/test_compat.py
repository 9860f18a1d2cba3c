"""kudari in Chainer's place. Each test is a process of its own: imports are global."""

import subprocess
import sys
import textwrap


def run(program):
    text = "import kudari.compat.chainer as compat\ncompat.install()\n" + textwrap.dedent(program)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_names_and_versions():
    out = run(
        """
        import chainer, chainerx, kudari
        from chainer import Variable
        from chainer.backends import cuda
        assert Variable is kudari.Variable and chainer.Parameter is kudari.Parameter
        assert chainer.__version__ == "7.8.1"
        assert not chainerx.is_available() and not cuda.available and not chainer.cuda.available
        assert chainer.get_array_types()[0].__name__ == "ndarray"
        assert chainer.is_arrays_compatible([None])
        chainer.print_runtime_info()
        """
    )
    assert "Chainer: 7.8.1 (kudari" in out


def test_deep_paths_of_functions_hold_functions():
    run(
        """
        import chainer.functions as F
        import chainer.functions.loss.softmax_cross_entropy as module
        from chainer.functions.activation import relu
        from chainer.functions.activation.relu import relu as function
        assert relu.relu is function is F.relu
        assert module.softmax_cross_entropy is F.softmax_cross_entropy
        """
    )


def test_modules_of_other_packages():
    run(
        """
        import chainer
        import chainer.links as L
        import chainer.training.extensions as extensions
        from chainer.training import extensions as again
        from chainer.optimizer_hooks import WeightDecay
        from chainer import optimizer_hooks, serializers, iterators, initializers, testing
        import chainer.utils.type_check, chainer.utils.experimental
        import kudari
        assert extensions is again and extensions.Evaluator is kudari.training.extensions.Evaluator
        assert callable(chainer.utils.experimental), "the function, not the module of the same name"
        assert issubclass(chainer.utils.type_check.InvalidType, Exception)
        assert L.Linear is kudari.links.Linear
        """
    )


def test_unknown_names_are_errors():
    run(
        """
        import chainer.functions.activation.relu as relu
        for statement in ["import chainer.nothing", "from chainer.functions import nothing",
                          "import chainer.functions.activation.nothing"]:
            try:
                exec(statement)
            except ImportError as error:
                assert "nothing" in str(error)
            else:
                raise AssertionError(statement)
        try:
            relu.nothing
        except AttributeError as error:
            assert str(error) == "chainer.functions.activation.relu: kudari has no 'nothing'."
        """
    )


def test_values_set_under_chainers_name_are_set_on_kudari():
    run(
        """
        from unittest import mock
        import chainer, kudari
        chainer.disable_experimental_feature_warning = True
        assert kudari.disable_experimental_feature_warning
        original = kudari.backend.get_device
        assert chainer.backend.get_device is original
        with mock.patch("chainer.backend.get_device") as replaced:
            assert kudari.backend.get_device is replaced is chainer.backend.get_device
        assert kudari.backend.get_device is original is chainer.backend.get_device
        chainer.config.train = False
        assert not kudari.config.train
        """
    )


def test_install_twice_and_uninstall():
    run(
        """
        import sys
        compat.install()
        import chainer.functions
        compat.uninstall()
        assert not [name for name in sys.modules if name.startswith("chainer")]
        assert not [finder for finder in sys.meta_path if type(finder).__module__ == "kudari.compat.chainer"]
        """
    )


def test_a_module_called_chainer_that_is_there_already_is_refused():
    program = """
        import sys, types
        import kudari.compat.chainer as compat
        sys.modules["chainer"] = types.ModuleType("chainer")
        try:
            compat.install()
        except RuntimeError as error:
            assert "imported already" in str(error)
        else:
            raise AssertionError("installed")
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=60)


def test_a_program_written_for_chainer_runs():
    out = run(
        """
        import numpy as np
        import chainer
        import chainer.functions as F
        import chainer.links as L

        class Net(chainer.Chain):
            def __init__(self):
                super().__init__()
                with self.init_scope():
                    self.l = L.Linear(3, 2, nobias=True, initialW=np.array([[1, 0, -1], [0, 1, 2]], "f"))

            def forward(self, x):
                return F.sigmoid(self.l(x))

        net = Net()
        optimizer = chainer.optimizers.SGD(lr=0.5)
        optimizer.setup(net)
        y = net(np.array([[1, 2, 1]], "f"))
        loss = F.sum(y)
        net.cleargrads()
        loss.backward()
        optimizer.update()
        print(y.array.tolist(), net.l.W.array.tolist())
        """
    )
    y, w = eval(out.replace("] [", "], ["))
    import numpy as np

    expected = 1 / (1 + np.exp(-np.array([0.0, 4.0])))
    np.testing.assert_allclose(y[0], expected, rtol=1e-5)
    slope = expected * (1 - expected)
    np.testing.assert_allclose(
        w, np.array([[1, 0, -1], [0, 1, 2]]) - 0.5 * slope[:, None] * np.array([1, 2, 1]), rtol=1e-5
    )


def test_a_star_import_gives_the_public_names():
    run(
        """
        from chainer.functions import *
        import kudari.functions
        assert relu is kudari.functions.relu
        """
    )
