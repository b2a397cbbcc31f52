//! Many ids, by the bytes that are counted.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::duplicate::DuplicateKey;
use crate::duplicate::index::Index;
use crate::spool::RealFiles;

/// A key that is spread as a hash is.
fn key(number: u64) -> DuplicateKey {
    let mix = |mut word: u64| {
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    };
    DuplicateKey([mix(number + 1), mix(number ^ 0x9e37_79b9_7f4a_7c15)])
}

fn open(dir: &Path, memory: u64) -> Keeper {
    let config = Config {
        memory,
        ..Config::default()
    };
    Keeper::open(Arc::new(RealFiles), dir, [1; 16], config).unwrap()
}

fn memory(keeper: &Keeper, index: &Index) -> u64 {
    let view = keeper.window().view();
    let generations = view.generations.iter().map(Generation::memory_bytes);
    index.bytes() + generations.sum::<u64>()
}

/// Takes so many ids, a millisecond apart, and says how much memory that took at most.
fn take(keeper: &mut Keeper, index: &mut Index, ids: std::ops::Range<u64>) -> u64 {
    let mut most = 0;
    for number in ids {
        assert!(index.has_room(1));
        index.insert(key(number), number + 1);
        index.settle(key(number), number + 1);
        if index.half_full() {
            most = most.max(memory(keeper, index));
            let mut batch = index.take_batch(number + 2);
            // Both hold them for a moment.
            let held = (batch.keys.capacity() * 16) as u64;
            most = most.max(memory(keeper, index) + held);
            keeper.file(&mut batch, number).unwrap();
            index.set_filed(keeper.filed());
            index.forget_filed(&batch.keys);
            while keeper.merge() {}
        }
    }
    most
}

fn knows(keeper: &Keeper, index: &Index, number: u64) -> bool {
    let (view, key) = (keeper.window().view(), key(number));
    let suspects = view.suspects([key].into_iter());
    index.position(key).is_some() || suspects.iter().any(|(_, key)| view.holds(*key))
}

#[test]
fn a_million_ids_stay_within_the_budget_and_are_all_known() {
    let dir = tempfile::tempdir().unwrap();
    let budget = Config::default().memory;
    let mut keeper = open(dir.path(), budget);
    let mut index = keeper.started(loading::Found::default(), 1, 0);
    let most = take(&mut keeper, &mut index, 0..1_000_000);
    assert!(most <= budget, "{most}");
    assert!(
        (0..1_000_000)
            .step_by(997)
            .all(|number| knows(&keeper, &index, number))
    );
    let unknown = (1_000_000..2_000_000).step_by(997);
    assert_eq!(
        unknown
            .filter(|number| knows(&keeper, &index, *number))
            .count(),
        0
    );
    assert_eq!(keeper.window().shortened.load(Ordering::Relaxed), 0);

    // A start needs no more, and finds what is in files.
    let filed = keeper.filed() - 1;
    let mut keeper = open(dir.path(), budget);
    let index = keeper.started(loading::Found::default(), 1, 1_000_000);
    assert!(memory(&keeper, &index) <= budget);
    assert!(
        (0..filed)
            .step_by(997)
            .all(|number| knows(&keeper, &index, number))
    );
}

#[test]
fn a_small_budget_holds_and_the_newest_ids_stay() {
    let dir = tempfile::tempdir().unwrap();
    let budget = 256 << 10;
    let mut keeper = open(dir.path(), budget);
    let mut index = keeper.started(loading::Found::default(), 1, 0);
    let held = keeper.budget().generation_ids * (GENERATIONS as u64 - 1);
    let most = take(&mut keeper, &mut index, 0..150_000);
    assert!(most <= budget, "{most}");
    assert!(
        (150_000 - held..150_000)
            .step_by(97)
            .all(|number| knows(&keeper, &index, number))
    );
    assert!(!knows(&keeper, &index, 0));
    let window = Arc::clone(keeper.window());
    assert!(window.shortened.load(Ordering::Relaxed) > 0);
    // An id came each millisecond: so many ids, so long a horizon.
    let horizon = window.horizon_ms(u64::MAX, 150_000);
    assert!((held..150_000).contains(&horizon), "{horizon}, {held}");

    // With a budget that has become smaller, a start lets the oldest go.
    let mut smaller = open(dir.path(), budget / 4);
    let index = smaller.started(loading::Found::default(), 1, 150_000);
    assert!(memory(&smaller, &index) <= budget / 4);
    let shorter = smaller.window().horizon_ms(u64::MAX, 150_000);
    assert!(shorter > 0 && shorter < horizon, "{shorter}");
}

#[test]
fn a_horizon_that_was_made_shorter_is_kept_at_the_next_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut keeper = open(dir.path(), Config::LEAST_MEMORY);
    keeper.config.horizon = Duration::from_millis(1_000);
    let mut index = keeper.started(loading::Found::default(), 1, 0);
    take(&mut keeper, &mut index, 0..20_000);
    assert!(!knows(&keeper, &index, 0));
    assert!((19_000..20_000).all(|number| knows(&keeper, &index, number)));
    assert_eq!(keeper.window().shortened.load(Ordering::Relaxed), 0);
    assert_eq!(keeper.window().horizon_ms(1_000, 20_000), 1_000);
}
