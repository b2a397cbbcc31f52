//! Until when a certificate is valid, and who is told in time.

use std::sync::Arc;
use std::time::Duration;

use clickstream_event::time::Timestamp;
use rustls::pki_types::{CertificateDer, UnixTime};
use tokio::sync::watch;
use webpki::{EndEntityCert, Error, KeyUsage};

use super::Tls;
use crate::clock::Clock;

/// Less than this left is warned of: what renews certificates does so at a third of their 90 days.
const SOON: Duration = Duration::from_secs(30 * DAY);

const DAY: u64 = 24 * 3600;

/// Later than any certificate (RFC 5280, section 4.1.2.5: the year 9999), seconds since 1970.
const NEVER: Duration = Duration::from_secs(1 << 38);

/// How long a certificate is still good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Over 30 days.
    Long,
    /// So many whole days.
    Days(u64),
    /// It has expired.
    None,
}

impl Left {
    /// Of a certificate that expires then, now; both in milliseconds since 1970.
    #[must_use]
    pub fn of(expires_ms: u64, now_ms: u64) -> Self {
        match expires_ms.checked_sub(now_ms).map(Duration::from_millis) {
            None | Some(Duration::ZERO) => Self::None,
            Some(left) if left < SOON => Self::Days(left.as_secs() / DAY),
            Some(_) => Self::Long,
        }
    }
}

/// When it expires, milliseconds since 1970; none when that cannot be read. The library checks
/// certificates and shows none of what is in them, but names the day to who comes too late.
pub(super) fn expires_ms(certificate: &CertificateDer<'_>) -> Option<u64> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    let late = UnixTime::since_unix_epoch(NEVER);
    let verified =
        certificate.verify_for_usage(&[], &[], &[], late, KeyUsage::server_auth(), None, None);
    match verified.err()? {
        Error::CertExpired { not_after, .. } => Some(not_after.as_secs().saturating_mul(1000)),
        _ => None,
    }
}

/// A day in words.
#[must_use]
pub fn date(ms: u64) -> Timestamp {
    Timestamp::from_ms(i64::try_from(ms).unwrap_or(i64::MAX))
}

/// Warns in the log once a day, for as long as little is left; ends when `stopping` changes.
pub async fn watch<T>(tls: Tls, clock: Arc<dyn Clock>, mut stopping: watch::Receiver<T>) {
    loop {
        let expires_ms = tls.expires_ms();
        let left = expires_ms.map_or(Left::Long, |at| Left::of(at, clock.now_ms()));
        let file = tls.certificate_file().display();
        match left {
            Left::Long => {}
            Left::Days(days) => {
                tracing::warn!(%file, days, "the certificate expires soon: renew it");
            }
            Left::None => {
                tracing::error!(%file, "the certificate has expired, and clients refuse it: renew it");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(DAY)) => {}
            _ = stopping.changed() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn under_30_days_are_few() {
        let day = DAY * 1000;
        let now = 1_767_322_985_006;
        for (left, wanted) in [
            (31 * day, Left::Long),
            (30 * day, Left::Long),
            (30 * day - 1, Left::Days(29)),
            (day, Left::Days(1)),
            (day - 1, Left::Days(0)),
            (0, Left::None),
        ] {
            assert_eq!(Left::of(now + left, now), wanted, "{left}");
        }
        assert_eq!(Left::of(now - day, now), Left::None);
    }

    #[test]
    fn bytes_that_are_no_certificate_expire_never() {
        for bytes in [&b""[..], b"no certificate", &[0x30, 0x82, 0xff, 0xff]] {
            assert_eq!(expires_ms(&CertificateDer::from(bytes)), None);
        }
    }
}
