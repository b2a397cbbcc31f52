//! How the tools reach a relay: by HTTP, or by TLS with the machine's authorities or the operator's own.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use http::Uri;

/// Whom to believe that a relay is the one that was named.
#[derive(Args, Clone, Debug, Default)]
pub struct Trust {
    /// For https: a file of certificates (PEM) whose authorities alone are believed, such as your
    /// own; else those of the machine are
    #[arg(long, value_name = "FILE", env = "CLICKSTREAM_CA_BUNDLE")]
    pub ca_bundle: Option<PathBuf>,
}

/// Why a relay cannot be spoken to.
#[derive(Debug, thiserror::Error)]
pub enum HttpsError {
    /// The file cannot be read.
    #[error("--ca-bundle: {0}; check the path and who may read it")]
    Unreadable(std::io::Error),
    /// It holds none.
    #[error("--ca-bundle: {} holds no certificate; give the authority's as PEM", .0.display())]
    NoCertificate(PathBuf),
    /// The machine has none.
    #[error(
        "this machine has no certificates of authorities: install ca-certificates, or name a file with --ca-bundle"
    )]
    NoAuthorities,
    /// It shows a certificate, and not one to believe.
    #[error(
        "the certificate that {0} shows is not to be believed: {1}; name the authority that signed it with --ca-bundle"
    )]
    Untrusted(String, String),
    /// Left out of this build.
    #[error("this program was built without TLS (feature tls): give an address with http")]
    NoTls,
}

impl Trust {
    /// What makes requests to an address of this scheme; each ends within `timeout`, if there is one.
    ///
    /// # Errors
    /// When there is nobody to believe.
    pub fn agent(&self, to: &Uri, timeout: Option<Duration>) -> Result<ureq::Agent, HttpsError> {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(timeout);
        #[cfg(feature = "tls")]
        let config = match to.scheme_str() {
            Some("https") => config.tls_config(tls(self.ca_bundle.as_deref())?),
            _ => config,
        };
        #[cfg(not(feature = "tls"))]
        if to.scheme_str() == Some("https") {
            return Err(HttpsError::NoTls);
        }
        Ok(config.build().into())
    }
}

/// Whether an address can be spoken to: a scheme and a host.
#[must_use]
pub fn is_address(uri: &Uri) -> bool {
    matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
}

/// What is wrong with whom an agent spoke to, where that and not its absence ended a request.
#[must_use]
pub fn untrusted(to: &str, error: &ureq::Error) -> Option<HttpsError> {
    #[cfg(feature = "tls")]
    {
        let error = match error {
            ureq::Error::Io(error) => error.get_ref()?.downcast_ref()?,
            ureq::Error::Rustls(error) => error,
            _ => return None,
        };
        if let rustls::Error::InvalidCertificate(reason) = error {
            return Some(HttpsError::Untrusted(to.to_owned(), reason.to_string()));
        }
    }
    #[cfg(not(feature = "tls"))]
    let _ = (to, error);
    None
}

#[cfg(feature = "tls")]
fn tls(bundle: Option<&std::path::Path>) -> Result<ureq::tls::TlsConfig, HttpsError> {
    use std::sync::Arc;

    use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};

    let believed: Vec<Certificate<'static>> = match bundle {
        Some(path) => {
            let pem = fs_err::read(path).map_err(HttpsError::Unreadable)?;
            let items = ureq::tls::parse_pem(&pem).filter_map(Result::ok);
            let certificates = items.filter_map(|item| match item {
                PemItem::Certificate(certificate) => Some(certificate),
                _ => None,
            });
            certificates.collect()
        }
        None => {
            let found = rustls_native_certs::load_native_certs().certs;
            let found = found.iter();
            found
                .map(|certificate| Certificate::from_der(certificate).to_owned())
                .collect()
        }
    };
    match (believed.is_empty(), bundle) {
        (true, Some(path)) => Err(HttpsError::NoCertificate(path.to_owned())),
        (true, None) => Err(HttpsError::NoAuthorities),
        (false, _) => Ok(TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&believed))
            .unversioned_rustls_crypto_provider(Arc::new(
                rustls::crypto::aws_lc_rs::default_provider(),
            ))
            .build()),
    }
}

#[cfg(all(test, feature = "tls"))]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_that_cannot_be_used_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        let trust = Trust {
            ca_bundle: Some(path.clone()),
        };
        let agent = |to: &str| trust.agent(&to.parse().unwrap(), None);
        // Nobody needs it.
        assert!(agent("http://h").is_ok());
        let error = agent("https://h").unwrap_err().to_string();
        assert!(error.contains("check the path"), "{error}");
        fs_err::write(&path, "no certificate").unwrap();
        let error = agent("https://h").unwrap_err().to_string();
        assert!(error.contains("holds no certificate"), "{error}");
    }
}
