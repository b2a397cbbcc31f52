//! Buffers with a small bound, so that they spill at every turn.

use super::chunks::CHUNK;
use super::*;
use proptest::prelude::*;
use tempfile::TempDir;

fn contents(buffer: &Buffer) -> Vec<u8> {
    let mut out = Vec::new();
    buffer.write_to(&mut out).unwrap();
    out
}

fn files(folder: &Path) -> usize {
    fs_err::read_dir(folder).unwrap().count()
}

/// Memory that so many bytes take.
fn rounded(bytes: usize) -> usize {
    bytes.next_multiple_of(CHUNK)
}

#[test]
fn a_short_buffer_never_sees_the_disk() {
    let folder = TempDir::new().unwrap();
    let all = Buffers::new(folder.path(), 1000).unwrap();
    let buffer = all.buffer();
    assert_eq!(buffer.append(&[b"one", b" "]), 4);
    assert_eq!(buffer.append(&[b"two"]), 7);
    assert_eq!(contents(&buffer), b"one two");
    assert!(buffer.settle().unwrap().is_none());
    assert_eq!((all.on_disk(), files(folder.path())), (0, 0));
    assert_eq!(all.memory(), CHUNK);
    drop(buffer);
    assert_eq!(all.memory(), 0);
}

#[test]
fn over_the_bound_the_largest_goes_to_the_disk_whoever_has_it() {
    let folder = TempDir::new().unwrap();
    let all = Buffers::new(folder.path(), 1000).unwrap();
    let (large, small) = (all.buffer(), all.buffer());
    large.append(&[&[b'l'; 900]]);
    small.append(&[&[b's'; 200]]);
    assert_eq!(all.memory(), rounded(200));
    assert_eq!(all.on_disk(), 900);
    large.append(&[b"end"]);
    assert_eq!(contents(&large), [&[b'l'; 900][..], b"end"].concat());
    assert_eq!(contents(&small), [b's'; 200]);
    assert_eq!((large.length(), small.length()), (903, 200));
}

#[test]
fn what_is_small_shares_a_log() {
    let folder = TempDir::new().unwrap();
    let all = Buffers::new(folder.path(), 1000).unwrap();
    let buffers: Vec<Buffer> = (0..4_u8)
        .map(|byte| {
            let buffer = all.buffer();
            buffer.append(&[&[byte; 300]]);
            buffer
        })
        .collect();
    assert!(all.on_disk() > 300, "two or three parts with their heads");
    assert_eq!(files(folder.path()), 1);
    for (byte, buffer) in (0..4_u8).zip(&buffers) {
        assert!(
            buffer.settle().unwrap().is_none(),
            "it has no file to itself"
        );
        assert_eq!(contents(buffer), [byte; 300]);
    }
}

#[test]
fn a_file_that_nobody_needs_is_gone_and_the_last_one_begins_anew() {
    let folder = TempDir::new().unwrap();
    let all = Buffers::new(folder.path(), 300).unwrap();
    let fill = |byte: u8| {
        let buffer = all.buffer();
        for _ in 0..200 {
            buffer.append(&[&[byte; 200]]);
        }
        buffer
    };
    let (one, other, third) = (fill(1), fill(2), fill(3));
    assert_eq!(files(folder.path()), 2);
    assert!(all.memory() <= 300);
    drop((one, other));
    assert_eq!(files(folder.path()), 1, "the first file held those two");
    assert_eq!(third.length(), 40_000);
    assert!(contents(&third).iter().all(|byte| *byte == 3));
    drop(third);
    let again = fill(4);
    assert!(
        all.on_disk() < 44_000,
        "the room of the third was used again"
    );
    assert!(contents(&again).iter().all(|byte| *byte == 4));
}

#[test]
fn what_an_earlier_process_left_is_removed_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    for name in ["1.spill", "own-1.spill"] {
        fs_err::write(folder.path().join(name), b"old").unwrap();
    }
    fs_err::write(folder.path().join("notes"), b"mine").unwrap();
    let _all = Buffers::new(folder.path(), 1000).unwrap();
    assert_eq!(files(folder.path()), 1);
    assert!(folder.path().join("notes").exists());
}

#[test]
fn a_disk_that_takes_nothing_is_said_and_costs_nothing() {
    for (length, on_disk) in [(2000, 2000), (400, 424)] {
        let folder = TempDir::new().unwrap();
        let place = folder.path().join("spill");
        let all = Buffers::new(&place, 300).unwrap();
        fs_err::remove_dir_all(&place).unwrap();
        let buffer = all.buffer();
        let bytes = vec![1; length];
        buffer.append(&[&bytes]);
        assert!(all.relieve().is_err());
        assert!(all.relieve().is_err(), "again until there is room");
        assert_eq!(contents(&buffer), bytes);
        fs_err::create_dir_all(&place).unwrap();
        all.relieve().unwrap();
        assert_eq!((all.memory(), all.on_disk()), (0, on_disk));
        assert_eq!(contents(&buffer), bytes);
    }
}

#[test]
fn a_large_buffer_has_a_file_that_can_become_an_object() {
    let folder = TempDir::new().unwrap();
    let all = Buffers::new(folder.path(), 1000).unwrap();
    let (buffer, other) = (all.buffer(), all.buffer());
    buffer.append(&[&[7; 900]]);
    other.append(&[&[8; 200]]);
    buffer.append(&[b"and more"]);
    let wanted = [&[7; 900][..], b"and more"].concat();
    for is_synced in [false, false, true, true] {
        // It can be asked again, as when the disk refused what came after.
        let (_, path) = buffer.settle().unwrap().unwrap();
        assert_eq!(fs_err::read(&path).unwrap(), wanted);
        assert_eq!(contents(&buffer), wanted);
        if is_synced {
            buffer.settled();
            assert_eq!((all.memory(), all.on_disk()), (rounded(200), 908));
        } else {
            // Until it is safe on the disk, the last part stays in memory.
            let memory = rounded(200) + rounded(8);
            assert_eq!((all.memory(), all.on_disk()), (memory, 900));
        }
        assert_eq!(contents(&buffer), wanted);
    }
    let object = folder.path().join("object");
    fs_err::rename(buffer.settle().unwrap().unwrap().1, &object).unwrap();
    drop(buffer);
    assert_eq!(all.on_disk(), 0);
    assert_eq!(fs_err::read(&object).unwrap(), wanted, "it is the object's");
    assert_eq!(files(folder.path()), 1);
}

#[test]
fn what_becomes_an_object_goes_to_its_file_before_memory_is_short() {
    let folder = TempDir::new().unwrap();
    let place = folder.path().join("spill");
    let all = Buffers::new(&place, 100 * EARLY).unwrap();
    let (object, bytes) = (all.object(), all.buffer());
    let half = vec![7; EARLY / 2];
    for buffer in [&bytes, &object] {
        buffer.append(&[&half]);
        assert_eq!(all.on_disk(), 0);
        buffer.append(&[&half]);
    }
    assert_eq!((all.memory(), all.on_disk()), (EARLY, EARLY as u64));
    // A disk that takes nothing is nobody's trouble while there is memory, and is asked seldom.
    fs_err::rename(&place, folder.path().join("away")).unwrap();
    for _ in 0..5 {
        object.append(&[&half]);
        all.relieve().unwrap();
    }
    assert_eq!(all.on_disk(), EARLY as u64);
    fs_err::rename(folder.path().join("away"), &place).unwrap();
    object.append(&[&half]);
    assert_eq!((all.memory(), all.on_disk()), (EARLY, 4 * EARLY as u64));
    let wanted = half.repeat(8);
    assert_eq!(contents(&object), wanted);
    let (_, path) = object.settle().unwrap().unwrap();
    assert_eq!(fs_err::read(path).unwrap(), wanted);
}

#[test]
fn what_a_failed_write_left_is_no_part_of_the_object() {
    let folder = TempDir::new().unwrap();
    let all = Buffers::new(folder.path(), 1000).unwrap();
    let buffer = all.buffer();
    buffer.append(&[&[7; 1001]]);
    let (_, path) = buffer.settle().unwrap().unwrap();
    // As a disk leaves it that was full in the middle of a part.
    let torn = [&[7; 1001][..], &[9; 50]].concat();
    fs_err::write(&path, torn).unwrap();
    buffer.append(&[b"more"]);
    let wanted = [&[7; 1001][..], b"more"].concat();
    assert_eq!(contents(&buffer), wanted);
    buffer.settle().unwrap();
    assert_eq!(fs_err::read(&path).unwrap(), wanted);
}

#[test]
fn memory_is_bounded_whatever_the_number_of_buffers() {
    let folder = TempDir::new().unwrap();
    let all = Buffers::new(folder.path(), 10_000).unwrap();
    let buffers: Vec<Buffer> = (0..2000).map(|_| all.buffer()).collect();
    for round in 0..10_u8 {
        for buffer in &buffers {
            buffer.append(&[&[round; 50]]);
            assert!(all.memory() <= 10_000);
        }
    }
    let wanted: Vec<u8> = (0..10_u8).flat_map(|round| [round; 50]).collect();
    assert!(buffers.iter().all(|buffer| contents(buffer) == wanted));
}

#[test]
fn a_buffer_is_written_out_while_others_spill() {
    let folder = TempDir::new().unwrap();
    let all = Buffers::new(folder.path(), 1000).unwrap();
    let buffer = all.buffer();
    buffer.append(&[&[7; 700]]);

    /// Appends to another buffer at every write.
    struct Meanwhile<'a>(Vec<u8>, &'a Buffer);
    impl Write for Meanwhile<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.append(&[&[8; 600]]);
            self.0.extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let other = all.buffer();
    let mut out = Meanwhile(Vec::new(), &other);
    buffer.write_to(&mut out).unwrap();
    assert_eq!(out.0, [7; 700]);
    assert_eq!(contents(&buffer), [7; 700], "it is whole afterwards, too");
    drop((buffer, other));
    assert_eq!((all.memory(), all.on_disk()), (0, 0));
    assert_eq!(files(folder.path()), 0);
}

#[test]
fn a_writer_that_panics_costs_the_buffer_nothing() {
    struct Panics;
    impl Write for Panics {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            panic!("a writer that panics, on purpose");
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let folder = TempDir::new().unwrap();
    let all = Buffers::new(folder.path(), 1000).unwrap();
    let buffer = all.buffer();
    buffer.append(&[&[7; 700]]);
    let write = std::panic::AssertUnwindSafe(|| buffer.write_to(&mut Panics));
    assert!(std::panic::catch_unwind(write).is_err());
    assert_eq!(contents(&buffer), [7; 700]);
    drop(buffer);
    assert_eq!(all.memory(), 0);
}

proptest! {
    /// Whatever is appended where, however often it spills and is settled, each buffer gives back
    /// its own, and the files are as long as is said.
    #[test]
    fn each_buffer_gives_back_what_it_was_given(
        appends in prop::collection::vec((0_usize..5, 0_usize..400, any::<u8>(), any::<bool>()), 0..80),
        bound in prop_oneof![1_usize..2000, Just(100_000)],
    ) {
        let folder = TempDir::new().unwrap();
        let all = Buffers::new(folder.path(), bound).unwrap();
        let kinds = [Kind::Bytes, Kind::Short, Kind::Object, Kind::Object, Kind::Object];
        let buffers = kinds.map(|kind| all.new_buffer(kind));
        let mut wanted = vec![Vec::new(); 5];
        for (which, length, byte, settles) in appends {
            let bytes = vec![byte; length];
            wanted[which].extend_from_slice(&bytes);
            buffers[which].append(&[&bytes]);
            if settles && let Some((_, path)) = buffers[which].settle().unwrap() {
                prop_assert_eq!(&fs_err::read(path).unwrap(), &wanted[which]);
                buffers[which].settled();
            }
            prop_assert!(all.memory() <= bound);
        }
        for (buffer, wanted) in buffers.iter().zip(&wanted) {
            prop_assert_eq!(&contents(buffer), wanted);
            prop_assert_eq!(usize::try_from(buffer.length()).unwrap(), wanted.len());
        }
        let entries = fs_err::read_dir(folder.path()).unwrap();
        let on_disk: u64 = entries.map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
        prop_assert_eq!(all.on_disk(), on_disk);
        drop(buffers);
        prop_assert_eq!(all.memory(), 0);
    }
}
