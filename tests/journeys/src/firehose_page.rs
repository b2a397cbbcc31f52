//! firehose-local's page in a browser: what is in records and names is shown and never run; a
//! phone scrolls it in one direction only.

use clickstream_lab::browser::Browser;
use clickstream_lab::firehose::Firehose;
use clickstream_lab::http;
use serde_json::{Value, json};

/// Markup that would run where text became markup; as the record of nobody, it fails.
const HOSTILE: &str =
    r#"{"event":"<img src=x onerror=window.hit=1><script>window.hit=2</script>"}"#;

/// The same in base64, as the API takes it.
const HOSTILE_DATA: &str = "eyJldmVudCI6IjxpbWcgc3JjPXggb25lcnJvcj13aW5kb3cuaGl0PTE+PHNjcmlwdD53aW5kb3cuaGl0PTI8L3NjcmlwdD4ifQ==";

fn call(url: &str, operation: &str, input: &Value) -> anyhow::Result<()> {
    let target = format!("Firehose_20150804.{operation}");
    let answer = http::post(
        &format!("{url}/"),
        &[("x-amz-target", &target)],
        input.to_string().as_bytes(),
    )?;
    anyhow::ensure!(answer.status == 200, "{}", answer.body);
    Ok(())
}

#[tokio::test]
async fn markup_in_records_and_names_is_shown_and_never_run() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let firehose = Firehose::start(folder.path(), &["--accelerate", "600"])?;
    let url = &firehose.url;
    let prefix = "<img src=x onerror=window.hit=3>/";
    call(
        url,
        "CreateDeliveryStream",
        &json!({"DeliveryStreamName": "hostile", "ExtendedS3DestinationConfiguration": {
            "RoleARN": "arn:aws:iam::000000000000:role/a", "BucketARN": "arn:aws:s3:::b",
            "Prefix": prefix}}),
    )?;
    let record = json!({"Data": HOSTILE_DATA});
    let put = json!({"DeliveryStreamName": "clickstream", "Record": record});
    call(url, "PutRecord", &put)?;

    let browser = Browser::start_sized(390, 844).await?;
    browser.goto(&format!("{url}/")).await?;
    let texts = |id: &str| format!("return document.getElementById('{id}').textContent");
    let payload = format!("{}.includes({})", texts("errors"), json!(HOSTILE));
    browser.wait_for("the failed record", &payload).await?;
    let shown = format!("{}.includes({})", texts("streams"), json!(prefix));
    browser.wait_for("the stream's prefix", &shown).await?;
    assert_eq!(browser.run("return window.hit ?? null").await?, Value::Null);
    let made = "return document.querySelectorAll('main img, main script').length";
    assert_eq!(browser.run(made).await?, 0);
    let wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    assert_eq!(browser.run(wide).await?, 0, "a phone scrolls down only");
    browser.close().await
}
