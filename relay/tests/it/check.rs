//! `clickstream-relay check`: what works and is hardly meant is warned of; a sink that would not take
//! events is wrong.

use std::path::Path;
use std::process::Command;

/// Status and words of a check in `dir`.
fn check(dir: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_clickstream-relay"))
        .current_dir(dir)
        .env_clear()
        .arg("check")
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), text)
}

/// What a check of these settings warns of, which is no reason to fail.
fn warnings(arguments: &[&str]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let (status, text) = check(dir.path(), arguments);
    assert_eq!(status, 0, "{text}");
    assert!(
        text.lines().last().unwrap().starts_with("all good"),
        "{text}"
    );
    let lines = text.lines().filter_map(|line| line.strip_prefix("WARNING"));
    lines.map(|line| line.trim().to_owned()).collect()
}

const HERE: [&str; 2] = ["--listen", "127.0.0.1:0"];
const KEY: [&str; 2] = ["--write-key", "browser:shop:k"];

#[test]
fn what_is_hardly_meant_is_warned_of_with_what_to_do() {
    let memory = tempfile::tempdir_in("/dev/shm").unwrap();
    let memory = memory.path().to_str().unwrap();
    for (settings, words) in [
        (
            vec!["--listen", "0.0.0.0:0"],
            "without TLS: events, cookies and tokens can be read on the way",
        ),
        (
            vec!["--write-key", "browser-trusted:old-site:t"],
            "browser-trusted key of old-site can send events as any user",
        ),
        (
            vec!["--durability", "buffered"],
            "a power cut loses events that were answered with 200",
        ),
        (
            vec!["--spool-dir", memory],
            "is in memory (tmpfs): what waits there is gone",
        ),
        (
            vec!["--spool-size", "9000TiB"],
            "MiB less than the spool may come to take",
        ),
    ] {
        let here = if settings[0] == "--listen" {
            &[][..]
        } else {
            &HERE
        };
        let found = warnings(&[here, &KEY, &settings].concat());
        let with = found.iter().any(|warning| warning.contains(words));
        assert!(with, "{settings:?} brings {found:?}");
        let without = warnings(&[&HERE[..], &KEY].concat());
        let without = without.iter().any(|warning| warning.contains(words));
        assert!(!without, "{words:?} without {settings:?}");
    }
}

#[test]
fn tls_in_front_is_no_reason_to_warn() {
    let proxied = [
        "--listen",
        "0.0.0.0:0",
        "--public-url",
        "https://e.shop.example",
    ];
    let found = warnings(&[&proxied[..], &KEY].concat());
    assert!(
        !found.iter().any(|warning| warning.contains("TLS")),
        "{found:?}"
    );
}

#[test]
fn a_lake_on_two_file_systems_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    fs_err::create_dir_all(dir.path().join("data/lake")).unwrap();
    let raw = dir.path().join("data/lake/raw");
    fs_err::os::unix::fs::symlink(elsewhere.path(), raw).unwrap();
    let (status, text) = check(dir.path(), &[&HERE[..], &KEY].concat());
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("WRONG: data/lake/raw"), "{text}");
    assert!(
        text.contains("on another file system than the lake's staging"),
        "{text}"
    );
    assert!(text.contains("1 thing is wrong"), "{text}");
}

#[test]
fn no_secret_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let secrets = [
        "--write-key",
        "server:shop:top-secret",
        "--metrics-token",
        "top-secret",
    ];
    let (_, text) = check(dir.path(), &[&HERE[..], &secrets].concat());
    assert!(
        text.contains("shop (server)") && !text.contains("top-secret"),
        "{text}"
    );
}

#[test]
fn rules_and_key_files_are_said_in_words_and_open_secrets_are_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, mode| {
        let path = dir.path().join(name);
        fs_err::write(&path, "2026-01:0123456789abcdef0123456789abcdef\n").unwrap();
        let mode = std::fs::Permissions::from_mode(mode);
        fs_err::set_permissions(&path, mode).unwrap();
    };
    file("open", 0o644);
    file("closed", 0o640);
    let rules = [
        "--redact",
        "traits.*,properties.\"card.number\"",
        "--redact-query",
        "email",
    ];
    for name in ["open", "closed"] {
        let all = [&HERE[..], &KEY, &rules, &["--identity-key-file", name]].concat();
        let (status, text) = check(dir.path(), &all);
        assert_eq!(status, 0, "{text}");
        for words in [
            "traits.*, properties.\"card.number\"; and ?email= of every address",
            "before anything is stored",
            "its network alone is kept",
            &format!("also those in {name}; read again when it changes"),
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let warned = text.contains("every user of this machine can read open");
        assert_eq!(warned, name == "open", "{text}");
    }
    let (_, text) = check(dir.path(), &[&HERE[..], &KEY].concat());
    assert!(
        text.contains("nothing: events are stored with all that they bring"),
        "{text}"
    );
    let missing = [&HERE[..], &KEY, &["--identity-key-file", "none"]].concat();
    let output = Command::new(env!("CARGO_BIN_EXE_clickstream-relay"))
        .current_dir(dir.path())
        .env_clear()
        .arg("check")
        .args(missing)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && said.contains("check the path and who may read it"),
        "{said}"
    );
}

#[test]
fn complaint_52_bedrock_chat_223_check_says_how_many_files_a_day_and_how_to_have_fewer() {
    let dir = tempfile::tempdir().unwrap();
    let said = |by: &str| {
        let settings = ["--partition-by", by, "--buffer-interval", "900"];
        check(dir.path(), &[&HERE[..], &KEY, &settings].concat()).1
    };
    let user = said("user");
    let words = "each user who is always active makes 96 a day; --partition-by bucket bounds";
    assert!(user.contains(words), "{user}");
    let bucket = said("bucket");
    assert!(
        bucket.contains("at most 128 files a delivery, 12288 a day"),
        "{bucket}"
    );
}
