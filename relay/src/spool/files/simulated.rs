//! A disk in memory that forgets (being built).
