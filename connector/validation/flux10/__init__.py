"""The rules of French e-reporting (flux 10) that no XSD can say, over a report that streams by.

`values` judges one value, `groups` values that must fit together, `report` what must hold of a report as a
whole. What stands where, how long it may be and which codes exist is data: `schemas/flux10.toml`. The rules
see plain values only; `reading` takes them out of the XML and `findings` keeps what they found, in memory
that does not grow with the report.
"""
