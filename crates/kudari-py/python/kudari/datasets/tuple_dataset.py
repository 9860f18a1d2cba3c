"""Data sets side by side, as tuples."""


class TupleDataset:
    """Example i is `(datasets[0][i], datasets[1][i], ...)`; all must have the same length."""

    def __init__(self, *datasets):
        if not datasets:
            raise ValueError("No data sets are given.\nGive at least one array or data set.")
        length = len(datasets[0])
        for i, dataset in enumerate(datasets):
            if len(dataset) != length:
                raise ValueError(
                    f"Data set {i} has {len(dataset)} examples and data set 0 has {length}.\n"
                    "Give equal lengths."
                )
        self._datasets = datasets
        self._length = length

    def __getitem__(self, index):
        parts = [dataset[index] for dataset in self._datasets]
        return list(zip(*parts)) if isinstance(index, slice) else tuple(parts)

    def __len__(self):
        return self._length
