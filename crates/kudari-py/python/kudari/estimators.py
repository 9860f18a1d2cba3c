"""Estimators of scikit-learn over ``Model``: they go into its pipelines, searches and cross-validations."""

import numpy
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from kudari.model import Model

__all__ = ["KudariClassifier", "KudariRegressor"]


class _Estimator(BaseEstimator):
    def __init__(self, net=None, *, loss=None, optimizer=None, learning_rate=None, schedule=None, weight_decay=None, batch_size=None,
                 epochs=None, validation=None, early_stopping=None, standardize=True, random_state=1, verbose=False):
        self.net = net
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.epochs = epochs
        self.validation = validation
        self.early_stopping = early_stopping
        self.standardize = standardize
        self.random_state = random_state
        self.verbose = verbose

    def _train(self, x, y, task):
        settings = {name: value for name, value in self.get_params().items() if name != "random_state"}
        self.model_ = Model(task=task, seed=_seed(self.random_state), **settings).fit(x, y)
        self.network_, self.loss_name_ = self.model_.network_, self.model_.loss_name_
        self.history_ = self.model_.history_
        self.n_iter_ = int(round(self.history_[-1]["epoch"]))
        return self

    def _checked(self, x):
        check_is_fitted(self)
        return validate_data(self, x, reset=False)


def _seed(random_state):
    if isinstance(random_state, numpy.random.RandomState):
        return int(random_state.randint(2**31))
    return 1 if random_state is None else int(random_state)


class KudariClassifier(ClassifierMixin, _Estimator):
    """A network that classifies: KudariClassifier(net="linear(100) relu", epochs=20).fit(X, y).

    Parameters are those of ``kudari.model.Model``; ``random_state`` is its seed. What is not given follows from the data.
    """

    def fit(self, X, y):
        """Trains on rows of numbers and their classes; gives itself."""
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        self.classes_ = numpy.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(f"Classifier can't train when only one class is present: {self.classes_[0]!r}")
        return self._train(X, y, "classes")

    def predict(self, X):
        """The class of each row."""
        X = self._checked(X)
        return self.model_.predict(X)

    def predict_proba(self, X):
        """The probability of each class for each row."""
        X = self._checked(X)
        return self.model_.predict_proba(X)


class KudariRegressor(RegressorMixin, _Estimator):
    """A network that predicts numbers, one or several for each row; parameters as ``KudariClassifier``."""

    def fit(self, X, y):
        """Trains on rows of numbers and the numbers to predict; gives itself."""
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True)
        return self._train(X, y, "numbers")

    def predict(self, X):
        """The numbers of each row."""
        X = self._checked(X)
        return self.model_.predict(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
