//! Findings out of the house: outputs, each delivered at least once, signed, retried, and set aside when it cannot be delivered.
