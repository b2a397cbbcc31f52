//! Keys exchanged under a running relay: old and new together, nobody refused, a broken file refused.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use clickstream_relay::config::{Config, Flags};
use clickstream_relay::identity::token::{self, Claims, Key};
use rustix::process::{Signal, getpid, kill_process};

use crate::house::{House, NOW_MS, event, flags, until};

const OLD: &str = "0123456789abcdef-old-0123456789abcdef";
const NEW: &str = "0123456789abcdef-new-0123456789abcdef";

fn write(dir: &Path, name: &str, text: &str) {
    // As one should: a file is whole from its first moment on.
    let part = dir.join(format!("{name}.part"));
    fs_err::write(&part, text).unwrap();
    fs_err::rename(part, dir.join(name)).unwrap();
}

/// A relay whose keys are all in files.
async fn house(every: Duration) -> House {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "write", "browser:bookstore:old-key\n");
    write(dir.path(), "identity", &format!("old:{OLD}\n"));
    let mut flags: Flags = flags(dir.path());
    flags.intake.write_key = None;
    flags.intake.write_key_file = Some(dir.path().join("write"));
    flags.identity.key_file = Some(dir.path().join("identity"));
    let mut config = Config::from_flags(flags).unwrap();
    config.spool.segment_size = 1 << 20;
    config.keys.every = every;
    House::start(dir, config).await
}

/// Sends one event and says its status.
async fn status(house: &House, key: &str) -> u16 {
    let headers = [("x-write-key", key)];
    let answer = house.post("/v1/batch", &headers, event("")).await;
    answer.status.as_u16()
}

/// Whether a token signed so is believed: the event's claim stands in the counter.
async fn believed(house: &House, kid: &str, secret: &str, key: &str) -> bool {
    let claims = Claims {
        sub: "45".to_owned(),
        auth_time: NOW_MS / 1000 - 60,
        exp: NOW_MS / 1000 + 3600,
    };
    let token = token::sign(&Key::new(kid, secret.as_bytes()).unwrap(), &claims);
    let metric = r#"clickstream_user_tokens_total{result="believed"} "#;
    let count = async || {
        let path = format!("/metrics?token={}", house.relay.token());
        let text = house.get(&path).await.text;
        let (_, rest) = text.split_once(metric).unwrap();
        rest.lines().next().unwrap().parse::<u64>().unwrap()
    };
    let before = count().await;
    let body = event(r#","anonymousId":"a""#);
    let body = body.replacen('{', &format!(r#"{{"userToken":"{token}","#), 1);
    let answer = house.post("/v1/batch", &[("x-write-key", key)], body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    count().await > before
}

#[tokio::test(flavor = "multi_thread")]
async fn write_keys_are_exchanged_and_nobody_is_refused_meanwhile() {
    let house = Arc::new(house(Duration::from_millis(5)).await);
    let dir = house.dir.path().to_owned();
    // A site that sends all the time, with the old key and then with the new one.
    let (sent, moved, done) = (
        AtomicU64::new(0),
        AtomicBool::new(false),
        AtomicBool::new(false),
    );
    let state = Arc::new((sent, moved, done));
    let site = tokio::spawn({
        let (house, state) = (Arc::clone(&house), Arc::clone(&state));
        async move {
            while !state.2.load(Relaxed) {
                let key = if state.1.load(Relaxed) {
                    "new-key"
                } else {
                    "old-key"
                };
                assert_eq!(status(&house, key).await, 200, "{key}");
                state.0.fetch_add(1, Relaxed);
            }
        }
    });
    let some_more = async || {
        let before = state.0.load(Relaxed);
        until("more events", async || state.0.load(Relaxed) > before + 3).await;
    };
    some_more().await;
    assert_eq!(status(&house, "new-key").await, 401);
    write(
        &dir,
        "write",
        "browser:bookstore:old-key\nbrowser:bookstore:new-key\n",
    );
    until("the new key counts", async || {
        status(&house, "new-key").await == 200
    })
    .await;
    some_more().await;
    // Broken, empty, gone: the keys of before stay.
    write(&dir, "write", "browser:bookstore\n");
    some_more().await;
    write(&dir, "write", "");
    some_more().await;
    fs_err::remove_file(dir.join("write")).unwrap();
    some_more().await;
    assert_eq!(status(&house, "new-key").await, 200);
    state.1.store(true, Relaxed);
    some_more().await;
    write(&dir, "write", "browser:bookstore:new-key\n");
    until("the old key is gone", async || {
        status(&house, "old-key").await == 401
    })
    .await;
    some_more().await;
    state.2.store(true, Relaxed);
    site.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_keys_are_exchanged_and_old_tokens_hold_until_theirs_is_gone() {
    let house = house(Duration::from_millis(5)).await;
    let dir = house.dir.path().to_owned();
    let old = async || believed(&house, "old", OLD, "old-key").await;
    let new = async || believed(&house, "new", NEW, "old-key").await;
    assert!(old().await && !new().await);
    write(&dir, "identity", &format!("old:{OLD}\nnew:{NEW}\n"));
    until("the new key counts", new).await;
    assert!(old().await);
    write(&dir, "identity", "new:too-short\n");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(old().await && new().await);
    write(&dir, "identity", &format!("new:{NEW}\n"));
    until("the old key is gone", async || !old().await).await;
    assert!(new().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_has_the_keys_read_at_once() {
    let house = house(Duration::from_secs(3600)).await;
    write(house.dir.path(), "write", "browser:bookstore:new-key\n");
    kill_process(getpid(), Signal::HUP).unwrap();
    until("the new key counts", async || {
        status(&house, "new-key").await == 200
    })
    .await;
    assert_eq!(status(&house, "old-key").await, 401);
}
