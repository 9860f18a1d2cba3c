"""Links: parameters and the calculation that uses them, alone (Link), by name (Chain) or by number
(ChainList).
"""

from kudari._chain import Chain, ChainList
from kudari._link import Link

__all__ = ["Chain", "ChainList", "Link"]
