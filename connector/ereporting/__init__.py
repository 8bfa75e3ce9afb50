"""Reports built for systems that can only write tables: CSV files in, flux 10 files out. Pure.

rows      a table → sales or payments, or what is wrong with it, line by line
report    sales or payments of a period → the XML of one report
naming    which transmission identifier a report gets, and what its file is called
making    an order for a report → the file, or why there is none
"""

from connector.ereporting.making import INITIAL, RECTIFYING, Company, Made, Order, make, remarks
from connector.ereporting.naming import Kind

__all__ = ["INITIAL", "RECTIFYING", "Company", "Kind", "Made", "Order", "make", "remarks"]
