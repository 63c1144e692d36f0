//! What Vedette concludes: the Security Command Center v2 finding, as plain values.
