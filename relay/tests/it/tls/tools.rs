//! `replay` and `tail` over TLS: to who can show that it is the relay, and to nobody else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// What a run of the program printed, and whether it ended well.
async fn ran(arguments: &[String]) -> (bool, String) {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_clickstream-relay"))
        .args(arguments)
        .env_clear()
        .output()
        .await
        .unwrap();
    let all = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(all).unwrap())
}

/// A file with an authority's own certificate.
fn bundle(authority: &Authority, dir: &std::path::Path) -> String {
    let path = dir.join("ca.pem");
    let pem = STANDARD.encode(&authority.root);
    let pem = format!("-----BEGIN CERTIFICATE-----\n{pem}\n-----END CERTIFICATE-----\n");
    fs_err::write(&path, pem).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replay_and_tail_believe_the_named_authority_alone() {
    let (dir, house) = (tempfile::tempdir().unwrap(), House::new().await);
    let authority = Authority::new(dir.path());
    let address = serve(&house, &authority.open(), |_| {}).await;
    let trusted = bundle(&authority, dir.path());
    let elsewhere = tempfile::tempdir().unwrap();
    let other = bundle(&Authority::new(elsewhere.path()), elsewhere.path());
    let events = dir.path().join("events.jsonl");
    let line = r#"{"type":"track","event":"Tried","messageId":"m-1","userId":"45"}"#;
    fs_err::write(&events, line).unwrap();
    let events = events.to_str().unwrap();
    let to = format!("https://localhost:{}", address.port());
    let replay = ["replay", events, "--to", &to, "--write-key", "server-key"];
    let token = house.relay.token();
    let tail = ["tail", "--url", &to, "--token", token, "--json"];
    let tail = [&tail[..], &["--after", "0", "--limit", "1"]].concat();

    let with = |command: &[&str], bundle: &str| -> Vec<String> {
        let all = command.iter().copied().chain(["--ca-bundle", bundle]);
        all.map(str::to_owned).collect()
    };
    // Another authority signed nothing here, and no waiting changes that.
    for command in [&tail[..], &replay] {
        let (good, said) = ran(&with(command, &other)).await;
        assert!(!good && said.contains("not to be believed"), "{said}");
    }
    let (good, said) = ran(&with(&replay, &trusted)).await;
    assert!(good && said.contains("1 events taken"), "{said}");
    let (good, said) = ran(&with(&tail, &trusted)).await;
    assert!(good && said.contains("m-1"), "{said}");
    assert_eq!(house.lines().await.len(), 1);
}
