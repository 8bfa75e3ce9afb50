"""Lifecycle messages for systems that cannot write them: options or a CSV file in, CDAR files out. Pure.

rows      a table → statuses of invoices, or what is wrong with it, line by line
making    statuses and the invoices that they are about → messages, or why there is none
message   one status → the XML of one message
"""

from connector.cdar.making import Made, Order, make, unless_sent
from connector.cdar.message import Amount, Invoice, Status
from connector.cdar.rows import read_statuses, status_of

__all__ = [
    "Amount",
    "Invoice",
    "Made",
    "Order",
    "Status",
    "make",
    "read_statuses",
    "status_of",
    "unless_sent",
]
