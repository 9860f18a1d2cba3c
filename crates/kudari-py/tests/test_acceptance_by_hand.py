"""Programs with Chainer's names that reproduce two networks calculated by hand."""

import kudari
import kudari.functions as F
import kudari.links as L
import numpy as np
import pytest
from kudari import Chain, Function, Variable, grad, optimizers


@pytest.fixture(autouse=True)
def float64():
    with kudari.using_config("dtype", np.float64):
        yield


def hidden_layer(activation):
    """x = [2, 3, 1], t = 20 through 3-2-1 and a squared error; everything that is checked, by name."""
    l1 = L.Linear(2, initialW=np.array([[3.0, 1, 2], [-2, -3, -1]]), initial_bias=np.array([0.0, 0]))
    l2 = L.Linear(1, initialW=np.array([[3.0, 2]]), initial_bias=np.array([0.0]))
    x = Variable(np.array([[2.0, 3, 1]]))
    u1 = l1(x)
    h1 = activation(u1)
    y = l2(h1)
    loss = F.mean_squared_error(y, np.array([[20.0]]))
    names = ["y", "W2", "b2", "W1", "b1", "x"]
    grads = grad([loss], [y, l2.W, l2.b, l1.W, l1.b, x])
    return u1.array, h1.array, y.array, loss.array, {name: g.array for name, g in zip(names, grads)}


def test_relu_by_hand():
    u1, h1, y, loss, d = hidden_layer(F.relu)
    np.testing.assert_array_equal(u1, [[11, -14]])
    np.testing.assert_array_equal(h1, [[11, 0]])
    np.testing.assert_array_equal(y, [[33]])
    assert loss == 169
    np.testing.assert_array_equal(d["y"], [[26]])
    np.testing.assert_array_equal(d["W2"], [[286, 0]])
    np.testing.assert_array_equal(d["b2"], [26])
    np.testing.assert_array_equal(d["W1"], [[156, 234, 78], [0, 0, 0]])
    np.testing.assert_array_equal(d["b1"], [78, 0])
    np.testing.assert_array_equal(d["x"], [[234, 78, 156]])


SIGMOID_W2 = [[-33.999529032458071, -2.8272033501027256e-05]]
# dL/du1 with 40 digits; the published figures come from y(1 - y) in float64 and are right to 1e-11.
SIGMOID_W1 = np.outer([-1.7035214310229247632e-03, -5.6544019984078011375e-05], [2, 3, 1])
PUBLISHED_W1 = [
    [-3.4070428620169087e-03, -5.1105642930253633e-03, -1.7035214310084543e-03],
    [-1.1308803996815601e-04, -1.6963205995223401e-04, -5.6544019984078004e-05],
]


def test_sigmoid_by_hand():
    _, _, y, _, d = hidden_layer(F.sigmoid)
    np.testing.assert_allclose(y, [[2.999951558790512]], rtol=1e-12)
    np.testing.assert_allclose(d["W2"], SIGMOID_W2, rtol=1e-12)
    np.testing.assert_allclose(d["W1"], SIGMOID_W1, rtol=1e-12)
    np.testing.assert_allclose(d["W1"], PUBLISHED_W1, rtol=1e-11)


def test_sigmoid_keeps_its_digits_in_float32():
    l1 = L.Linear(3, 2, initialW=np.array([[3.0, 1, 2], [-2, -3, -1]], "f"))
    l2 = L.Linear(2, 1, initialW=np.array([[3.0, 2]], "f"))
    for link in (l1, l2):
        for param in link.params():
            param.array = param.array.astype(np.float32)
    loss = F.mean_squared_error(l2(F.sigmoid(l1(np.array([[2, 3, 1]], "f")))), np.array([[20]], "f"))
    d1, d2 = grad([loss], [l1.W, l2.W])
    assert d1.dtype == np.float32
    np.testing.assert_allclose(d1.array, SIGMOID_W1, rtol=1e-5)
    np.testing.assert_allclose(d2.array, SIGMOID_W2, rtol=1e-5)


class HalfSquaredError(Function):
    """½ Σ (y − t)², written by a user."""

    def forward(self, inputs):
        y, t = inputs
        return (np.array(((y - t) ** 2).sum() / 2, y.dtype),)

    def backward(self, inputs, gy):
        y, t = inputs
        return gy[0] * (y - t), gy[0] * (t - y)


def two_layers():
    return Chain(
        l1=L.Linear(3, 2, nobias=True, initialW=np.array([[0.1, 0.1, 0.1], [0.2, 0.2, 0.2]])),
        l2=L.Linear(2, 2, nobias=True, initialW=np.array([[1.0, 2], [3, 4]])),
    )


def test_a_training_by_hand():
    model = two_layers()
    optimizer = optimizers.SGD(lr=0.1)
    optimizer.setup(model)
    x, t = Variable(np.array([[1.0, 2, 3]])), np.array([[0.0, 1]])
    a1 = model.l1(x)
    z = F.sigmoid(a1)
    y = model.l2(z)
    loss = HalfSquaredError()(y, t)
    with pytest.warns(DeprecationWarning):
        model.zerograds()
    loss.backward(retain_grad=True)

    def close(actual, expected):
        np.testing.assert_allclose(actual, expected, rtol=1e-12)

    close(a1.array, [[0.6, 1.2]])
    close(z.array, [[0.6456563062257954, 0.7685247834990178]])
    close(y.array, [[2.182705873223831, 5.0110680526734575]])
    close(loss.array, 10.426435926091724)
    close(y.grad, [[2.182705873223831, 4.0110680526734575]])
    close(model.l2.W.grad, [[1.409277811683048, 1.677463558661379], [2.5897713829094386, 3.0826052067806957]])
    close(z.grad, [[14.215910031244203, 20.409683957141493]])
    close(
        model.l1.W.grad,
        [
            [3.2523761788983805, 6.504752357796761, 9.757128536695141],
            [3.6307693113337685, 7.261538622667537, 10.892307934001305],
        ],
    )
    close(x.grad, [[1.0513914801565918] * 3])
    optimizer.update()
    close(
        model.l2.W.array, [[0.8590722188316952, 1.8322536441338622], [2.741022861709056, 3.6917394793219303]]
    )
    close(
        model.l1.W.array,
        [
            [-0.22523761788983807, -0.5504752357796762, -0.8757128536695142],
            [-0.16307693113337685, -0.5261538622667536, -0.8892307934001307],
        ],
    )


def test_losses_of_a_hundred_steps():
    model = two_layers()
    optimizer = optimizers.SGD(lr=0.1).setup(model)
    x, t = np.array([[1.0, 2, 3]]), np.array([[0.0, 1]])
    losses = []

    def loss():
        value = HalfSquaredError()(model.l2(F.sigmoid(model.l1(x))), t)
        losses.append(float(value.array))
        return value

    for _ in range(100):
        optimizer.update(loss)
    loss()
    assert losses[1] == pytest.approx(0.38327812923136795, rel=1e-12)
    expected = {
        2: 0.374972706,
        3: 0.365564440,
        5: 0.342589502,
        10: 0.246855720,
        20: 0.081874670,
        50: 0.062825748,
        100: 0.036806055,
    }
    for step, value in expected.items():
        assert losses[step] == pytest.approx(value, abs=5e-10)
