"""Tables that people's systems write: CSV files in, rows and well-placed problems out. Pure.

tables    bytes → header and cells, whatever wrote them
cells     a cell → a day, an amount, a rate, a count
rows      a table → rows of whatever it is about, or what is wrong with it, line by line
"""

from connector.tabular.cells import read_amount, read_count, read_day, read_rate
from connector.tabular.rows import LineReader, Read, read_rows

__all__ = ["LineReader", "Read", "read_amount", "read_count", "read_day", "read_rate", "read_rows"]
