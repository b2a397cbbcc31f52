//! Faults, end to end with real parts.
