//! A request as it comes over a connection.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;

use anyhow::Context as _;

/// More than any client's body inflates to.
const MOST_BYTES: u64 = 64 << 20;

/// A request, read to its end.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl Request {
    /// Reads the next one; its length must be said, as all our clients do.
    ///
    /// # Errors
    /// Where the connection ends before it.
    pub fn read(input: &mut BufReader<TcpStream>) -> anyhow::Result<Self> {
        let mut line = String::new();
        input.read_line(&mut line)?;
        let mut words = line.split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let path = words.next().context("no request")?.to_owned();
        let mut headers = Vec::new();
        loop {
            line.clear();
            input.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
        let mut request = Self {
            method,
            path,
            headers,
            body: Vec::new(),
        };
        let length = request.header("content-length");
        request.body = vec![0; length.and_then(|text| text.parse().ok()).unwrap_or(0)];
        input.read_exact(&mut request.body)?;
        Ok(request)
    }

    /// Its body; inflated, where it is gzip.
    #[must_use]
    pub fn inflated(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let gzip = self.body.starts_with(&[0x1f, 0x8b]);
        let mut inflated = flate2::read::MultiGzDecoder::new(&*self.body).take(MOST_BYTES);
        if gzip && inflated.read_to_end(&mut out).is_ok() {
            return out;
        }
        self.body.clone()
    }

    /// The first header of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}
