//! Where the relay is, what is asked of it, and its stream's bytes.

use std::io::Read;

use http::{StatusCode, Uri};

use super::Tail;
use crate::intake::key::query_value;
use crate::tools::https::{HttpsError, is_address, untrusted};

/// Where the stream is, and with which wishes.
#[derive(Debug)]
pub struct Place {
    agent: ureq::Agent,
    scheme: String,
    authority: String,
    token: Option<String>,
    /// All of the query but the limit.
    query: String,
}

/// Why the stream cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Not an address that can be read from.
    #[error("--url {0}: give the relay as http://HOST:PORT or https://HOST")]
    Url(String),
    /// Its TLS.
    #[error(transparent)]
    Https(#[from] HttpsError),
    /// Nobody is there, or the connection broke.
    #[error("cannot read from the relay at {0}: {1}; is it running? say where with --url")]
    Away(String, String),
    /// The relay wants a token.
    #[error(
        "the relay at {0} asks for its token; give it with --token, or its whole link with --url"
    )]
    Token(String),
    /// It answered in words.
    #[error("the relay answers {0}: {1}")]
    Refused(StatusCode, String),
}

impl ClientError {
    /// Whether it may be better in a moment.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Away(..) => true,
            Self::Refused(status, _) => status.is_server_error(),
            Self::Url(_) | Self::Https(_) | Self::Token(_) => false,
        }
    }
}

impl Place {
    /// Reads where to go and what to ask for.
    ///
    /// # Errors
    /// When the address is none.
    pub fn new(tail: &Tail) -> Result<Self, ClientError> {
        // What is after the question mark may be the token.
        let shown = tail.url.split('?').next().unwrap_or_default();
        let wrong = || ClientError::Url(shown.to_owned());
        let uri: Uri = tail.url.parse().map_err(|_| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?.as_str();
        if !is_address(&uri) {
            return Err(wrong());
        }
        let token = tail.token.as_ref().map(|token| token.0.clone());
        Ok(Self {
            agent: tail.trust.agent(&uri, None)?,
            scheme: uri.scheme_str().unwrap_or("http").to_owned(),
            authority: authority.to_owned(),
            token: query_value(&uri, "token").or(token),
            query: query(tail),
        })
    }

    /// The stream from the event after `last` on, for at most `limit` events.
    ///
    /// # Errors
    /// When there is nobody, or the relay refuses.
    pub fn open(
        &self,
        limit: Option<u64>,
        last: Option<&str>,
    ) -> Result<impl Read + use<>, ClientError> {
        let limit = limit.map(|limit| format!("&limit={limit}"));
        let limit = limit.unwrap_or_default();
        let url = format!(
            "{}://{}/live/events?{}{limit}",
            self.scheme, self.authority, self.query
        );
        let mut request = self.agent.get(url);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let mut answer =
            request
                .call()
                .map_err(|error| match untrusted(&self.authority, &error) {
                    Some(reason) => reason.into(),
                    None => self.away(&error),
                })?;
        match answer.status() {
            StatusCode::OK => Ok(answer.into_body().into_reader()),
            StatusCode::UNAUTHORIZED => Err(ClientError::Token(self.authority.clone())),
            status => {
                let body = answer.body_mut().read_to_vec().unwrap_or_default();
                let json: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
                let words = json["message"].as_str().unwrap_or("nothing more");
                Err(ClientError::Refused(status, words.to_owned()))
            }
        }
    }

    /// The connection broke, or there never was one.
    pub fn away(&self, error: &dyn std::fmt::Display) -> ClientError {
        ClientError::Away(self.authority.clone(), error.to_string())
    }
}

fn query(tail: &Tail) -> String {
    let mut pairs = Vec::new();
    let mut add = |name: &str, value: &str| {
        let value: String = value.bytes().map(encoded).collect();
        pairs.push(format!("{name}={value}"));
    };
    if let Some(last) = tail.last {
        add("last", &last.to_string());
    }
    if let Some(after) = &tail.after {
        add("after", after);
    }
    if let Some(outcome) = &tail.outcome {
        add("outcome", outcome);
    }
    for (name, values) in [
        ("user", &tail.user),
        ("type", &tail.kind),
        ("name", &tail.name),
        ("source", &tail.source),
    ] {
        for value in values {
            add(name, value);
        }
    }
    pairs.join("&")
}

fn encoded(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        tail: Tail,
    }

    fn place(arguments: &[&str]) -> Result<Place, ClientError> {
        let cli = Cli::parse_from([&["tail"], arguments].concat());
        Place::new(&cli.tail)
    }

    #[test]
    fn the_printed_link_is_enough() {
        let found = place(&["--url", "http://127.0.0.1:9/live?token=a%2Db"]).unwrap();
        assert_eq!(
            (&*found.authority, found.token.as_deref()),
            ("127.0.0.1:9", Some("a-b"))
        );
        let found = place(&["--url", "http://relay.internal", "--token", "t"]).unwrap();
        assert_eq!(
            (&*found.authority, found.token.as_deref()),
            ("relay.internal", Some("t"))
        );
        for url in ["ftp://h:9/live?token=secret", "127.0.0.1:9", "/live"] {
            let error = place(&["--url", url]).unwrap_err().to_string();
            assert!(error.contains("http://HOST:PORT"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn filters_are_the_streams_parameters() {
        let arguments = [
            "--user", "a&b=ü", "--type", "page", "--type", "track", "--last", "3",
        ];
        let query = place(&arguments).unwrap().query;
        assert_eq!(query, "last=3&user=a%26b%3D%C3%BC&type=page&type=track");
    }
}
