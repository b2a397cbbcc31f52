//! Buffers with a small bound, so that they spill at every turn.

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

#[test]
fn a_short_buffer_never_sees_the_disk() {
    let folder = TempDir::new().unwrap();
    let all = Buffers::new(folder.path(), 1000).unwrap();
    let buffer = all.buffer();
    assert_eq!(buffer.append(|bytes| bytes.extend_from_slice(b"one ")), 4);
    assert_eq!(buffer.append(|bytes| bytes.extend_from_slice(b"two")), 7);
    assert_eq!(contents(&buffer), b"one two");
    assert_eq!((all.on_disk(), files(folder.path())), (0, 0));
    drop(buffer);
    assert_eq!(all.memory(), 0);
}

#[test]
fn over_the_bound_the_largest_goes_to_the_log_whoever_has_it() {
    let folder = TempDir::new().unwrap();
    let all = Buffers::new(folder.path(), 1000).unwrap();
    let (large, small) = (all.buffer(), all.buffer());
    large.append(|bytes| bytes.extend_from_slice(&[b'l'; 900]));
    small.append(|bytes| bytes.extend_from_slice(&[b's'; 200]));
    assert_eq!(all.memory(), 200);
    assert_eq!(all.on_disk(), 924);
    large.append(|bytes| bytes.extend_from_slice(b"end"));
    assert_eq!(contents(&large), [&[b'l'; 900][..], b"end"].concat());
    assert_eq!(contents(&small), [b's'; 200]);
    assert_eq!((large.length(), small.length()), (903, 200));
}

#[test]
fn a_file_that_nobody_needs_is_gone_and_the_last_one_begins_anew() {
    let folder = TempDir::new().unwrap();
    let all = Buffers::new(folder.path(), 1 << 10).unwrap();
    let fill = |byte: u8| {
        let buffer = all.buffer();
        for _ in 0..40 {
            buffer.append(|bytes| bytes.extend_from_slice(&[byte; 1 << 10]));
        }
        buffer
    };
    let (one, other, third) = (fill(1), fill(2), fill(3));
    assert_eq!(files(folder.path()), 2);
    assert!(all.memory() <= 1 << 10);
    drop((one, other));
    assert_eq!(files(folder.path()), 1, "the first file held those two");
    assert_eq!(third.length(), 40 << 10);
    assert!(contents(&third).iter().all(|byte| *byte == 3));
    drop(third);
    let again = fill(4);
    assert!(
        all.on_disk() < 44 << 10,
        "the room of the third was used again"
    );
    assert!(contents(&again).iter().all(|byte| *byte == 4));
}

#[test]
fn what_an_earlier_process_left_is_removed_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    fs_err::write(folder.path().join("1.spill"), b"old").unwrap();
    fs_err::write(folder.path().join("notes"), b"mine").unwrap();
    let _all = Buffers::new(folder.path(), 1000).unwrap();
    assert_eq!(files(folder.path()), 1);
    assert!(folder.path().join("notes").exists());
}

#[test]
fn a_disk_that_takes_nothing_is_said_and_costs_nothing() {
    let folder = TempDir::new().unwrap();
    let place = folder.path().join("spill");
    let all = Buffers::new(&place, 1000).unwrap();
    fs_err::remove_dir_all(&place).unwrap();
    let buffer = all.buffer();
    buffer.append(|bytes| bytes.extend_from_slice(&[1; 2000]));
    assert!(all.relieve().is_err());
    assert!(all.relieve().is_err(), "again until there is room");
    assert_eq!(contents(&buffer), [1; 2000]);
    fs_err::create_dir_all(&place).unwrap();
    all.relieve().unwrap();
    assert_eq!((all.memory(), all.on_disk()), (0, 2024));
    assert_eq!(contents(&buffer), [1; 2000]);
}

#[test]
fn memory_is_bounded_whatever_the_number_of_buffers() {
    let folder = TempDir::new().unwrap();
    let all = Buffers::new(folder.path(), 10_000).unwrap();
    let buffers: Vec<Buffer> = (0..2000).map(|_| all.buffer()).collect();
    for round in 0..10_u8 {
        for buffer in &buffers {
            buffer.append(|bytes| bytes.extend_from_slice(&[round; 50]));
            assert!(all.memory() <= 10_000 + 100);
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
    buffer.append(|bytes| bytes.extend_from_slice(&[7; 700]));

    /// Appends to another buffer at every write.
    struct Meanwhile<'a>(Vec<u8>, &'a Buffer);
    impl Write for Meanwhile<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.append(|other| other.extend_from_slice(&[8; 600]));
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
    assert_eq!(all.memory(), 0);
}

proptest! {
    /// Whatever is appended where, and however often it spills, each buffer gives back its own.
    #[test]
    fn each_buffer_gives_back_what_it_was_given(
        appends in prop::collection::vec((0_usize..5, 0_usize..400, any::<u8>()), 0..80),
        bound in 1_usize..2000,
    ) {
        let folder = TempDir::new().unwrap();
        let all = Buffers::new(folder.path(), bound).unwrap();
        let buffers: Vec<Buffer> = (0..5).map(|_| all.buffer()).collect();
        let mut wanted = vec![Vec::new(); 5];
        for (which, length, byte) in appends {
            wanted[which].extend(vec![byte; length]);
            buffers[which].append(|bytes| bytes.extend(vec![byte; length]));
            prop_assert!(all.memory() <= bound);
        }
        for (buffer, wanted) in buffers.iter().zip(&wanted) {
            prop_assert_eq!(&contents(buffer), wanted);
            prop_assert_eq!(usize::try_from(buffer.length()).unwrap(), wanted.len());
        }
        drop(buffers);
        prop_assert_eq!(all.memory(), 0);
    }
}
