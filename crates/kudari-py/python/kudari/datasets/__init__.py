"""Data sets: made from arrays and from other data sets, from files, and the digits of MNIST."""

from kudari.datasets.concatenated_dataset import ConcatenatedDataset
from kudari.datasets.dict_dataset import DictDataset
from kudari.datasets.image_dataset import ImageDataset, LabeledImageDataset
from kudari.datasets.mnist import get_mnist
from kudari.datasets.sub_dataset import (
    SubDataset,
    get_cross_validation_datasets,
    get_cross_validation_datasets_random,
    split_dataset,
    split_dataset_n,
    split_dataset_n_random,
    split_dataset_random,
)
from kudari.datasets.text_dataset import TextDataset
from kudari.datasets.transform_dataset import TransformDataset
from kudari.datasets.tuple_dataset import TupleDataset

__all__ = [
    "ConcatenatedDataset",
    "DictDataset",
    "ImageDataset",
    "LabeledImageDataset",
    "SubDataset",
    "TextDataset",
    "TransformDataset",
    "TupleDataset",
    "get_cross_validation_datasets",
    "get_cross_validation_datasets_random",
    "get_mnist",
    "split_dataset",
    "split_dataset_n",
    "split_dataset_n_random",
    "split_dataset_random",
]
