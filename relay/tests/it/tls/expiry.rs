//! A certificate that will expire is told of in time.

use clickstream_event::time::Timestamp;
use clickstream_relay::clock::{Clock as _, SystemClock};

use super::*;

/// A pair that expires at the beginning of this day.
fn until(dir: &Path, (year, month, day): (i32, u8, u8)) -> Authority {
    let authority = Authority::new(dir);
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(year, month, day);
    let (cert, key) = authority.made_by(params);
    fs_err::write(&authority.cert, cert).unwrap();
    fs_err::write(&authority.key, key).unwrap();
    authority
}

/// The day in so many days.
fn in_days(days: i64) -> (i32, u8, u8) {
    let now = i64::try_from(SystemClock::default().now_ms()).unwrap();
    let text = Timestamp::from_ms(now + days * 86_400_000).to_string();
    let mut parts = text[..10]
        .split('-')
        .map(|part| part.parse::<u16>().unwrap());
    let mut next = || parts.next().unwrap();
    let year = i32::from(next());
    (
        year,
        u8::try_from(next()).unwrap(),
        u8::try_from(next()).unwrap(),
    )
}

fn check(authority: &Authority) -> (bool, String) {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_clickstream-relay"))
        .arg("check")
        .args(["--listen", "127.0.0.1:0", "--write-key", "server:shop:k"])
        .args(["--tls-cert".as_ref(), authority.cert.as_os_str()])
        .args(["--tls-key".as_ref(), authority.key.as_os_str()])
        .current_dir(dir.path())
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    (output.status.success(), said)
}

#[test]
fn check_warns_of_a_certificate_that_expires_soon_and_refuses_an_expired_one() {
    let dir = tempfile::tempdir().unwrap();
    let (good, said) = check(&until(dir.path(), (2049, 5, 6)));
    assert!(
        good && said.contains("valid until 2049-05-06T00:00:00.000Z"),
        "{said}"
    );
    assert!(!said.contains("expires in"), "{said}");
    let (good, said) = check(&until(dir.path(), in_days(20)));
    assert!(
        good && said.contains("expires in 19 days: renew it"),
        "{said}"
    );
    let (good, said) = check(&until(dir.path(), (2026, 1, 1)));
    assert!(!good && said.contains("WRONG: it has expired"), "{said}");
}

#[test]
fn the_moment_is_read_from_the_certificate_that_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let authority = until(dir.path(), (2049, 5, 6));
    let tls = authority.open();
    let wanted = Timestamp::parse("2049-05-06T00:00:00Z").unwrap().ms();
    assert_eq!(tls.expires_ms(), u64::try_from(wanted).ok());
    // Past 2049 a date is written in another form.
    until(dir.path(), (2051, 1, 1));
    assert!(tls.look().unwrap());
    let wanted = Timestamp::parse("2051-01-01T00:00:00Z").unwrap().ms();
    assert_eq!(tls.expires_ms(), u64::try_from(wanted).ok());
}

#[tokio::test]
async fn the_metric_tells_when_and_is_not_there_without_a_certificate() {
    let name = "clickstream_tls_certificate_expiration_timestamp_seconds";
    let dir = tempfile::tempdir().unwrap();
    let authority = until(dir.path(), (2049, 5, 6));
    let wanted = Timestamp::parse("2049-05-06T00:00:00Z").unwrap().ms() / 1000;
    for has_tls in [true, false] {
        let tls = has_tls.then(|| authority.open());
        let house = House::with(|config| config.http.tls = tls).await;
        let path = format!("/metrics?token={}", house.relay.token());
        let page = house.get(&path).await.text;
        assert_eq!(
            page.contains(&format!("{name} {wanted}\n")),
            has_tls,
            "{page}"
        );
        assert_eq!(page.contains(name), has_tls);
    }
}
