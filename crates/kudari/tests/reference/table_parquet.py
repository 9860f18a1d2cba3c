"""Writes table.parquet and table.csv, which hold the same: the reader of Parquet files is tested with both."""

import csv
import datetime
import decimal
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

here = pathlib.Path(__file__).parent
ROWS = 60


def moment(i):
    return datetime.datetime(1969, 12, 31, 22, 0) + datetime.timedelta(hours=i * 7, seconds=i, microseconds=(i % 3) * 250000)


def day(i):
    return datetime.date(1999, 12, 20) + datetime.timedelta(days=i * 31)


def told(value):
    """As a program writes it into CSV that tells true from True and keeps the digits of a decimal."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


gap = lambda value, i, every: None if i % every == 0 else value
columns = {
    "größe": (pa.float64(), [gap(i * 0.37 - 5, i, 7) for i in range(ROWS)]),
    "rooms": (pa.int32(), [i * 7 % 11 - 3 for i in range(ROWS)]),
    "number": (pa.int64(), [2**53 + i for i in range(ROWS)]),
    "small": (pa.uint8(), [gap(255 - i, i, 5) for i in range(ROWS)]),
    "large": (pa.uint64(), [2**63 + i % 4 for i in range(ROWS)]),
    "half": (pa.float16(), [(i % 9) / 2 for i in range(ROWS)]),
    "single": (pa.float32(), [gap((i % 13) / 8, i, 11) for i in range(ROWS)]),
    "sold": (pa.bool_(), [gap(i % 3 == 0, i, 13) for i in range(ROWS)]),
    "town": (pa.string(), [["Köln", 'a, "b"', None, "Rom", "two\nlines"][i % 5] for i in range(ROWS)]),
    "street": (pa.dictionary(pa.int8(), pa.string()), [["Hauptstraße", "Weg"][i % 2] for i in range(ROWS)]),
    "built": (pa.date32(), [gap(day(i), i, 6) for i in range(ROWS)]),
    "seconds": (pa.timestamp("ms"), [moment(i).replace(microsecond=0) for i in range(ROWS)]),
    "micros": (pa.timestamp("us"), [gap(moment(i), i, 4) for i in range(ROWS)]),
    "nanos": (pa.timestamp("ns"), [moment(i) for i in range(ROWS)]),
    "tax": (pa.decimal128(7, 2), [decimal.Decimal(i * 13 - 200).scaleb(-2) for i in range(ROWS)]),
    "nothing": (pa.null(), [None] * ROWS),
    "price": (pa.float64(), [100 + (i * 7 % 11) * 12.5 + i % 3 for i in range(ROWS)]),
}
table = pa.table({name: pa.array(values, type=kind) for name, (kind, values) in columns.items()})
# Two groups of rows, one column compressed by gzip and one not at all.
compression = {name: "snappy" for name in columns} | {"town": "gzip", "rooms": "none"}
pq.write_table(table, here / "table.parquet", row_group_size=40, compression=compression, write_statistics=False, store_schema=False)
with open(here / "table.csv", "w", newline="", encoding="utf-8") as file:
    out = csv.writer(file, lineterminator="\n")
    out.writerow(columns)
    out.writerows(map(told, row) for row in zip(*(values for _, values in columns.values())))

nested = pa.table({"a": [1, 2], "parts": pa.array([[1], [2, 3]])})
pq.write_table(nested, here / "nested.parquet", write_statistics=False, store_schema=False)
zstd = pa.table({"a": [1, 2]})
pq.write_table(zstd, here / "zstd.parquet", compression="zstd", write_statistics=False, store_schema=False)
