//! `lake compact` in a real folder.

use std::time::{Duration, SystemTime};

use super::*;

/// 2026-01-03T00:00:01Z.
const NOW: u64 = 1_767_398_401_000;

struct Place {
    dir: tempfile::TempDir,
    /// When the relay of this lake said what it had delivered.
    said: SystemTime,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            dir: tempfile::tempdir().unwrap(),
            said: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        };
        place.file(".delivered/5f", "9\n", place.said);
        place
    }

    fn file(&self, path: &str, text: &str, modified: SystemTime) {
        let path = self.dir.path().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, text).unwrap();
        let file = fs_err::File::options().write(true).open(&path).unwrap();
        file.file().set_modified(modified).unwrap();
    }

    /// An object of a user and a day, so many seconds before or behind the relay's word.
    fn object(&self, user: u32, day: u32, number: u32, seconds: i64) {
        let name =
            format!("clickstream-1-2026-01-0{day}-03-04-05-00000000-0000-4000-8000-{number:012}");
        let by = Duration::from_secs(seconds.unsigned_abs());
        let modified = match seconds < 0 {
            true => self.said - by,
            false => self.said + by,
        };
        let line = format!("{{\"user\":{user},\"number\":{number}}}\n");
        self.file(&format!("raw/userId={user}/{name}"), &line, modified);
    }

    fn run(&self, day: Option<&str>, dry_run: bool) -> Result<String, LakeCommandError> {
        let compact = Compact {
            lake_dir: self.dir.path().to_path_buf(),
            day: day.map(|day| day.parse().unwrap()),
            dry_run,
        };
        let mut out = Vec::new();
        LakeCommand::Compact(compact).run(NOW, &mut out, &mut |_, _| {})?;
        Ok(String::from_utf8(out).unwrap())
    }

    /// The texts in a user's folder, by name.
    fn texts(&self, user: u32) -> Vec<String> {
        let dir = self.dir.path().join(format!("raw/userId={user}"));
        let entries = fs_err::read_dir(dir).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let texts = paths
            .iter()
            .map(|path| fs_err::read_to_string(path).unwrap());
        texts.collect()
    }
}

#[test]
fn a_users_objects_of_each_day_that_is_over_become_one() {
    let place = Place::new();
    for number in 0..3 {
        place.object(1, 1, number, -9);
        place.object(1, 2, 10 + number, -9);
        place.object(1, 3, 20 + number, -9);
    }
    place.object(2, 2, 30, -9);
    let would = place.run(None, true).unwrap();
    assert!(
        would.starts_with("6 objects would become 2, of "),
        "{would}"
    );
    assert_eq!(place.texts(1).len(), 9);
    let did = place.run(None, false).unwrap();
    assert!(did.starts_with("6 objects became 2, of "), "{did}");
    let texts = place.texts(1);
    assert_eq!(texts.len(), 2 + 3);
    assert_eq!(
        texts[0],
        "{\"user\":1,\"number\":0}\n{\"user\":1,\"number\":1}\n{\"user\":1,\"number\":2}\n"
    );
    assert_eq!(place.texts(2).len(), 1);
    // Once is enough, and today's go when they are asked for.
    assert!(place.run(None, false).unwrap().starts_with("0 objects"));
    let did = place.run(Some("2026-01-03"), true).unwrap();
    assert!(did.starts_with("3 objects would become 1, of "), "{did}");
    let did = place.run(Some("today"), false).unwrap();
    assert!(did.starts_with("3 objects became 1, of "), "{did}");
}

#[test]
fn a_day_is_a_day() {
    assert_eq!("today".parse(), Ok(Day::Today));
    for wrong in [
        "",
        "yesterday",
        "2026-1-3",
        "2026-02-30",
        "2026-01-03T00:00:00Z",
    ] {
        assert!(wrong.parse::<Day>().is_err(), "{wrong}");
    }
}

#[test]
fn what_a_relay_may_have_to_write_anew_is_left_and_said() {
    let place = Place::new();
    place.object(1, 1, 0, -9);
    place.object(1, 1, 1, -9);
    place.object(1, 1, 2, 9);
    let did = place.run(None, false).unwrap();
    assert!(did.contains("2 objects became 1"), "{did}");
    assert!(did.contains("1 objects are left for later"), "{did}");
    assert!(did.contains("remove .delivered/5f"), "{did}");
    assert_eq!(place.texts(1).len(), 2);
}

#[test]
fn a_folder_that_is_no_lake_is_said_so() {
    let place = Place::new();
    fs_err::remove_dir_all(place.dir.path().join(".delivered")).unwrap();
    let error = place.run(None, false).unwrap_err().to_string();
    assert!(error.contains("--lake-dir"), "{error}");
}

#[test]
fn one_at_a_time() {
    let place = Place::new();
    place.object(1, 1, 0, -9);
    let _other = Merger::new(&RealFiles, place.dir.path()).unwrap();
    let error = place.run(None, false).unwrap_err().to_string();
    assert!(error.contains("at work"), "{error}");
}
