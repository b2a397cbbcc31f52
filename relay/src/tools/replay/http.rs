//! A relay at the other end of HTTP.

use std::time::Duration;

use super::send::{Answer, Post, Unheard};
use crate::tools::https::{HttpsError, Trust, is_address, untrusted};

/// A request takes no longer, the relay's own patience with a slow disk included.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Why `--to` cannot be spoken to.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// It is no address of a relay.
    #[error("--to {0}: give the relay as http://HOST:PORT or https://HOST")]
    Form(String),
    /// Its TLS.
    #[error(transparent)]
    Https(#[from] HttpsError),
}

/// Posts to a relay.
#[derive(Debug)]
pub struct Relay {
    agent: ureq::Agent,
    url: String,
    key: String,
}

impl Relay {
    /// To the relay at this address, with this write key.
    ///
    /// # Errors
    /// When it is no address, or there is nobody to believe that it is that relay.
    pub fn new(to: &str, key: &str, trust: &Trust) -> Result<Self, AddressError> {
        let uri: Option<http::Uri> = to.parse().ok();
        let uri = uri.filter(is_address);
        let uri = uri.ok_or_else(|| AddressError::Form(to.to_owned()))?;
        Ok(Self {
            agent: trust.agent(&uri, Some(TIMEOUT))?,
            url: format!("{}/v1/batch", to.trim_end_matches('/')),
            key: key.to_owned(),
        })
    }
}

impl Post for Relay {
    fn post(&mut self, body: &[u8]) -> Result<Answer, Unheard> {
        let unheard = |error| match untrusted(&self.url, &error) {
            Some(reason) => Unheard::Untrusted(reason),
            None => Unheard::Away(error.to_string()),
        };
        let request = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .header("x-write-key", &self.key);
        let mut response = request.send(body).map_err(unheard)?;
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        Ok(Answer {
            status: response.status().as_u16(),
            retry_after,
            body: response.body_mut().read_to_vec().map_err(unheard)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_it_can_speak_to_are_taken() {
        for good in [
            "http://127.0.0.1:8081",
            "http://relay.internal/",
            "http://[::1]:1",
        ] {
            assert!(Relay::new(good, "k", &Trust::default()).is_ok(), "{good}");
        }
        for bad in ["127.0.0.1:8081", "ftp://x", "", "/x"] {
            let error = Relay::new(bad, "k", &Trust::default());
            let error = error.unwrap_err().to_string();
            assert!(error.contains("http://HOST:PORT"), "{error}");
        }
    }
}
