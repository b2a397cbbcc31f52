//! A relay at the other end of HTTP.

use std::time::Duration;

use super::send::{Answer, Post};

/// A request takes no longer, the relay's own patience with a slow disk included.
const TIMEOUT: Duration = Duration::from_secs(60);

/// `--to` is no address of a relay.
#[derive(Debug, thiserror::Error)]
#[error(
    "--to {0}: give the relay as http://HOST:PORT; for https send through a proxy of this machine"
)]
pub struct AddressError(String);

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
    /// When it is no `http://` address.
    pub fn new(to: &str, key: &str) -> Result<Self, AddressError> {
        let uri: Option<http::Uri> = to.parse().ok();
        let is_http =
            uri.is_some_and(|uri| uri.scheme_str() == Some("http") && uri.host().is_some());
        if !is_http {
            return Err(AddressError(to.to_owned()));
        }
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(TIMEOUT))
            .build();
        Ok(Self {
            agent: agent.into(),
            url: format!("{}/v1/batch", to.trim_end_matches('/')),
            key: key.to_owned(),
        })
    }
}

impl Post for Relay {
    fn post(&mut self, body: &[u8]) -> Result<Answer, String> {
        let request = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .header("x-write-key", &self.key);
        let mut response = request.send(body).map_err(|error| error.to_string())?;
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        Ok(Answer {
            status: response.status().as_u16(),
            retry_after,
            body: response
                .body_mut()
                .read_to_vec()
                .map_err(|error| error.to_string())?,
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
            assert!(Relay::new(good, "k").is_ok(), "{good}");
        }
        for bad in ["127.0.0.1:8081", "https://x", "", "/x"] {
            let error = Relay::new(bad, "k").unwrap_err().to_string();
            assert!(error.contains("http://HOST:PORT"), "{error}");
        }
    }
}
