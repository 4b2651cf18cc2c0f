"""The money of orders, from events: what each order's books must come to, and how they get there.

`plan` is pure. It compares what the log tells of an order with what has been posted and gives what is missing, so that
events may come twice, late or in any order: the books come to the same.
"""
