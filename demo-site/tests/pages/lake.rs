//! "In the lake": one's own folder, and no other.

use std::path::Path;

use axum::http::StatusCode;

use crate::visit::TestShop;

/// `visitor_id("bookstore", "anon-1")`, as the relay names the folder.
fn visitor_folder() -> String {
    let id = clickstream_event::id::visitor_id("bookstore", "anon-1");
    id.as_str().to_owned()
}

fn put(lake: &Path, folder: &str, object: &str, lines: &[&str]) {
    let hour = lake
        .join("raw/clickstream")
        .join(folder)
        .join("year=2026/month=11/day=24/hour=20");
    fs_err::create_dir_all(&hour).unwrap();
    fs_err::write(hour.join(object), lines.join("\n") + "\n").unwrap();
}

fn line(user: &str, event: &str) -> String {
    format!(
        r#"{{"type":"track","event":"{event}","messageId":"m-{event}","userId":"{user}","timestamp":"2026-11-24T20:00:01.000Z"}}"#
    )
}

#[tokio::test]
async fn a_reader_sees_the_own_folder_and_the_visitors_of_this_browser() {
    let lake = tempfile::tempdir().unwrap();
    let anonymous = visitor_folder();
    put(
        lake.path(),
        "userId=7",
        "one",
        &[&line("7", "Mine"), &line("7", "Mine <b>")],
    );
    put(lake.path(), "userId=8", "two", &[&line("8", "Theirs")]);
    put(
        lake.path(),
        &format!("userId={anonymous}"),
        "three",
        &[&line(&anonymous, "Before")],
    );
    let shop = TestShop::with_lake(Some(lake.path()));
    let mut visitor = shop.visitor();
    assert!(
        visitor
            .get("/in-the-lake")
            .await
            .body
            .contains("Nobody known yet")
    );
    let page = visitor.get("/in-the-lake?anonymous=anon-1").await;
    assert!(page.body.contains("Before") && !page.body.contains("Mine"));
    visitor.post("/sign-in", &[("reader", "7")]).await;
    let page = visitor.get("/in-the-lake?anonymous=anon-1").await;
    assert!(
        page.body
            .contains("clickstream/userId=7/year=2026/month=11/day=24/hour=20/one")
    );
    assert!(page.body.contains("Mine &lt;b&gt;") && !page.body.contains("Mine <b>"));
    assert!(page.body.contains("Before") && !page.body.contains("Theirs"));
}

#[tokio::test]
async fn no_address_leads_to_another_folder() {
    let lake = tempfile::tempdir().unwrap();
    put(lake.path(), "userId=8", "two", &[&line("8", "Theirs")]);
    fs_err::write(lake.path().join("secret"), line("..", "Theirs")).unwrap();
    let shop = TestShop::with_lake(Some(lake.path()));
    let mut visitor = shop.visitor();
    let upper = visitor_folder()
        .to_uppercase()
        .replace("VISITOR", "visitor");
    for asked in [
        "visitor=8",
        "visitor=..",
        "visitor=visitor-..%2F..%2F..%2Fsecret",
        "visitor=visitor-00000000000000000000000000000000%2F..%2FuserId%3D8",
        "anonymous=..%2FuserId%3D8",
        "anonymous=8",
        "anonymous=",
        &format!("visitor={upper}"),
        "userId=8",
    ] {
        let page = visitor.get(&format!("/in-the-lake?{asked}")).await;
        assert_eq!(page.status, StatusCode::OK, "{asked}");
        assert!(!page.body.contains("Theirs"), "{asked}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_not_followed() {
    let lake = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    fs_err::write(outside.path().join("file"), line("7", "Outside")).unwrap();
    put(lake.path(), "userId=7", "one", &[&line("7", "Inside")]);
    let folder = lake.path().join("raw/clickstream/userId=7");
    std::os::unix::fs::symlink(outside.path(), folder.join("year=2027")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("file"), folder.join("linked")).unwrap();
    let shop = TestShop::with_lake(Some(lake.path()));
    let mut visitor = shop.visitor();
    visitor.post("/sign-in", &[("reader", "7")]).await;
    let page = visitor.get("/in-the-lake").await;
    assert!(page.body.contains("Inside") && !page.body.contains("Outside"));
}

#[tokio::test]
async fn in_a_lake_by_bucket_only_ones_own_lines_are_shown() {
    let lake = tempfile::tempdir().unwrap();
    let bucket = clickstream_event::id::UserId::new("7").unwrap().bucket();
    let both = [line("7", "Mine"), line("8", "Theirs")];
    put(
        lake.path(),
        &format!("userBucket={bucket}"),
        "one",
        &[&both[0], &both[1], "no json"],
    );
    let shop = TestShop::with_lake(Some(lake.path()));
    let mut visitor = shop.visitor();
    visitor.post("/sign-in", &[("reader", "7")]).await;
    let page = visitor.get("/in-the-lake").await;
    assert!(page.body.contains("Mine") && !page.body.contains("Theirs"));
}

#[tokio::test]
async fn without_a_lake_on_this_machine_the_page_says_so() {
    let shop = TestShop::open();
    let page = shop.visitor().get("/in-the-lake").await;
    assert!(page.body.contains("--sink lake"));
}
