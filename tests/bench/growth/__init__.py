"""How what a cell costs grows with what there is already: stores, bases, daemons, notebooks."""
