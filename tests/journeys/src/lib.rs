//! User stories, end to end with real parts.
