"""What a data set, an iterator and a converter of batches are."""

from kudari.dataset.convert import Converter, concat_examples, converter, to_device
from kudari.dataset.dataset_mixin import DatasetMixin
from kudari.dataset.iterator import Iterator

__all__ = ["Converter", "DatasetMixin", "Iterator", "concat_examples", "converter", "to_device"]
