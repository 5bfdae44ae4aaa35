"""Questions in SQL over facts, one file each in `queries/`, and the engines that answer them."""
