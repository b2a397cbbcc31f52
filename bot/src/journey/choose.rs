//! Choices from a list, by the journey's own randomness.

use clickstream_demo_site::catalogue::Department;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Words that people look for.
const WORDS: [&str; 8] = [
    "bread", "salt", "bees", "radio", "wool", "moss", "sea", "night",
];

/// One of several, if there are any.
pub fn one<'a, T>(all: &'a [T], random: &mut ChaCha8Rng) -> Option<&'a T> {
    if all.is_empty() {
        None
    } else {
        all.get(random.random_range(0..all.len()))
    }
}

/// One of the five departments.
pub fn department(random: &mut ChaCha8Rng) -> Department {
    one(&Department::ALL, random)
        .copied()
        .unwrap_or(Department::Stories)
}

/// What is looked for.
pub fn words(random: &mut ChaCha8Rng) -> &'static str {
    one(&WORDS, random).copied().unwrap_or_default()
}
