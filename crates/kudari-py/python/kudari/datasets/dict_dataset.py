"""Data sets side by side, as dictionaries."""


class DictDataset:
    """Example i is `{key: datasets[key][i], ...}`; all must have the same length."""

    def __init__(self, **datasets):
        if not datasets:
            raise ValueError("No data sets are given.\nGive at least one, by keyword.")
        first, length = next((key, len(dataset)) for key, dataset in datasets.items())
        for key, dataset in datasets.items():
            if len(dataset) != length:
                raise ValueError(
                    f"Data set '{key}' has {len(dataset)} examples and '{first}' has {length}.\n"
                    "Give equal lengths."
                )
        self._datasets = datasets
        self._length = length

    def __getitem__(self, index):
        parts = {key: dataset[index] for key, dataset in self._datasets.items()}
        if isinstance(index, slice):
            return [dict(zip(parts, values)) for values in zip(*parts.values())]
        return parts

    def __len__(self):
        return self._length
