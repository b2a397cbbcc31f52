//! What an event is: shape and writing always, reading and validating behind a feature.
