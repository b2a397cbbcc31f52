//! The body: read and inflated, bounded at every step.
//!
//! Whatever its Content-Type says: SDKs send JSON as text/plain, as a form, or without any type.
//! Two bounds, because one alone does not hold: on the wire (a stream of empty zstd frames costs
//! work and yields nothing) and inflated (a few bytes of gzip yield gigabytes).

use std::io::Read;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;

use super::answer::Refusal;
use super::memory::Held;
use crate::http::BodyTimeout;

/// After the bound so many more bytes are read and thrown away, so that the client reads our answer
/// instead of a cut connection.
const DRAINED: usize = 16 << 20;

/// Inflating more than so many times is no compression that people use…
const RATIO: usize = 1000;

/// …but a small body may: what it yields is small, too.
const ANY_RATIO: usize = 1 << 20;

/// Largest zstd window, as a power of two: what a decoder may allocate before it yields a byte.
const ZSTD_WINDOW_LOG: u32 = 23;

/// A body that arrives, however it is wrapped.
pub trait Arriving:
    hyper::body::Body<Data = Bytes, Error: Into<axum::BoxError>> + Send + Unpin
{
}

impl<B> Arriving for B where
    B: hyper::body::Body<Data = Bytes, Error: Into<axum::BoxError>> + Send + Unpin
{
}

/// Reads `body` as it is on the wire, up to `limit` bytes, which are `held` in memory.
///
/// # Errors
/// When it is larger, too slow or cut, or when there is no memory for it.
pub async fn read<B: Arriving>(
    mut body: B,
    limit: usize,
    held: &mut Held,
) -> Result<Bytes, Refusal> {
    let mut first = Bytes::new();
    let mut rest: Vec<u8> = Vec::new();
    let mut length = 0usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| why(&*error.into()))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length > limit {
            first = Bytes::new();
            rest = Vec::new();
            if length > limit.saturating_add(DRAINED) {
                break;
            }
            continue;
        }
        held.add(data.len())?;
        if first.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                // Room for what is said to follow, but for no more than has come: what a client only
                // announces must not cost memory.
                let announced = usize::try_from(body.size_hint().lower()).unwrap_or(limit);
                rest.reserve(length.saturating_add(announced.min(length)));
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&data);
        }
    }
    if length > limit {
        return Err(Refusal::TooLarge { limit });
    }
    Ok(if rest.is_empty() { first } else { rest.into() })
}

/// Reads `body` to its end and holds nothing of it.
///
/// # Errors
/// When it is too slow or cut, or larger than anybody sends.
pub async fn drain(mut body: Body) -> Result<(), Refusal> {
    let mut length = 0usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| why(&error))?;
        length = length.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if length > DRAINED {
            return Err(Refusal::TooLarge { limit: DRAINED });
        }
    }
    Ok(())
}

fn why(error: &(dyn std::error::Error + 'static)) -> Refusal {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<BodyTimeout>() {
            return Refusal::Slow;
        }
        cause = error.source();
    }
    Refusal::Cut
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Plain,
    Gzip,
    Brotli,
    Zstd,
}

/// What the header says; else gzip shows by its first two bytes (PostHog's SDK and our tracker send
/// it unsaid, so that no preflight is needed).
fn encoding(headers: &HeaderMap, wire: &[u8]) -> Result<Encoding, Refusal> {
    let named = match headers.get(header::CONTENT_ENCODING) {
        None => "",
        Some(value) => value.to_str().map_err(|_| Refusal::UnknownEncoding)?.trim(),
    };
    match &*named.to_ascii_lowercase() {
        "" | "identity" if wire.starts_with(&[0x1f, 0x8b]) => Ok(Encoding::Gzip),
        "" | "identity" => Ok(Encoding::Plain),
        "gzip" | "x-gzip" => Ok(Encoding::Gzip),
        "br" => Ok(Encoding::Brotli),
        "zstd" => Ok(Encoding::Zstd),
        _ => Err(Refusal::UnknownEncoding),
    }
}

/// Inflates `wire` to at most `limit` bytes, `held` in memory with the rest.
///
/// # Errors
/// When it is not what it says, or yields too much.
pub fn inflate(
    wire: Bytes,
    headers: &HeaderMap,
    limit: usize,
    held: &mut Held,
) -> Result<Bytes, Refusal> {
    let by_ratio = wire.len().saturating_mul(RATIO).max(ANY_RATIO);
    let bound = limit.min(by_ratio);
    let inflated = match encoding(headers, &wire)? {
        Encoding::Plain => return Ok(wire),
        Encoding::Gzip => capped(flate2::read::MultiGzDecoder::new(&*wire), bound)?,
        Encoding::Brotli => capped(brotli::Decompressor::new(&*wire, 4096), bound)?,
        Encoding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(&*wire)
                .map_err(|_| Refusal::BrokenEncoding)?;
            decoder
                .window_log_max(ZSTD_WINDOW_LOG)
                .map_err(|_| Refusal::BrokenEncoding)?;
            capped(decoder, bound)?
        }
    };
    match inflated {
        Some(bytes) => {
            held.add(bytes.len())?;
            Ok(bytes.into())
        }
        None if bound < limit => Err(Refusal::Bomb { limit: RATIO }),
        None => Err(Refusal::TooLarge { limit }),
    }
}

/// All that `decoder` yields, or none if that is more than `bound`.
fn capped(decoder: impl Read, bound: usize) -> Result<Option<Vec<u8>>, Refusal> {
    let mut out = Vec::new();
    decoder
        .take(bound as u64 + 1)
        .read_to_end(&mut out)
        .map_err(|_| Refusal::BrokenEncoding)?;
    Ok((out.len() <= bound).then_some(out))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::intake::memory::Memory;

    fn gzip(bytes: &[u8]) -> Bytes {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap().into()
    }

    fn brotli(bytes: &[u8]) -> Bytes {
        let mut out = Vec::new();
        brotli::CompressorWriter::new(&mut out, 4096, 5, 20)
            .write_all(bytes)
            .unwrap();
        out.into()
    }

    fn zstd(bytes: &[u8]) -> Bytes {
        zstd::encode_all(bytes, 3).unwrap().into()
    }

    fn inflated(wire: Bytes, encoding: Option<&str>, limit: usize) -> Result<Bytes, Refusal> {
        let headers = encoding.map(|name| (header::CONTENT_ENCODING, name.parse().unwrap()));
        let memory = Memory::new(64 << 20);
        inflate(
            wire,
            &HeaderMap::from_iter(headers),
            limit,
            &mut memory.hold(true),
        )
    }

    #[test]
    fn each_encoding_is_read_and_gzip_without_being_named() {
        let text = Bytes::from_static(br#"{"batch":[]}"#);
        for (wire, encoding) in [
            (text.clone(), None),
            (text.clone(), Some("identity")),
            (gzip(&text), Some("gzip")),
            (gzip(&text), Some("GZIP")),
            (gzip(&text), None),
            (brotli(&text), Some("br")),
            (zstd(&text), Some("zstd")),
        ] {
            assert_eq!(inflated(wire, encoding, 100).unwrap(), text, "{encoding:?}");
        }
    }

    #[test]
    fn what_is_not_what_it_says_is_refused() {
        let text = Bytes::from_static(b"{}");
        for name in ["gzip", "br", "zstd"] {
            let refused = inflated(text.clone(), Some(name), 100).unwrap_err();
            assert!(matches!(refused, Refusal::BrokenEncoding), "{name}");
        }
        let cut = gzip(b"{\"batch\":[]}").slice(..14);
        assert!(matches!(
            inflated(cut, None, 100).unwrap_err(),
            Refusal::BrokenEncoding
        ));
        for name in ["deflate", "gzip, gzip", "snappy"] {
            let refused = inflated(text.clone(), Some(name), 100).unwrap_err();
            assert!(matches!(refused, Refusal::UnknownEncoding), "{name}");
        }
    }

    #[test]
    fn what_comes_out_is_bounded_by_size_and_by_ratio() {
        let zeros = vec![b' '; 8 << 20];
        for (wire, name) in [
            (gzip(&zeros), "gzip"),
            (brotli(&zeros), "br"),
            (zstd(&zeros), "zstd"),
        ] {
            let refused = inflated(wire.clone(), Some(name), 500 << 10).unwrap_err();
            assert!(matches!(refused, Refusal::TooLarge { limit } if limit == 500 << 10));
            if wire.len() * RATIO < 7 << 20 {
                let refused = inflated(wire, Some(name), 7 << 20).unwrap_err();
                assert!(matches!(refused, Refusal::Bomb { .. }), "{name}");
            }
        }
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_bound() {
        let memory = Memory::new(1 << 20);
        let body = || Body::from(vec![b'x'; 100]);
        let bytes = read(body(), 100, &mut memory.hold(true)).await.unwrap();
        assert_eq!(bytes.len(), 100);
        assert!(matches!(
            read(body(), 99, &mut memory.hold(true)).await.unwrap_err(),
            Refusal::TooLarge { limit: 99 }
        ));
    }

    #[tokio::test]
    async fn bodies_of_many_frames_are_joined() {
        let frames = ["{\"a\":", "1", "}"].map(|text| Ok::<_, std::io::Error>(Bytes::from(text)));
        let body = Body::from_stream(futures_util::stream::iter(frames));
        let mut held = Memory::new(1 << 20).hold(true);
        let bytes = read(body, 100, &mut held).await.unwrap();
        assert_eq!(bytes, "{\"a\":1}");
    }

    #[tokio::test]
    async fn without_memory_the_answer_is_to_come_back() {
        let memory = Memory::new(4096);
        let body = || Body::from(vec![b'x'; 3000]);
        let mut held = memory.hold(true);
        read(body(), 4096, &mut held).await.unwrap();
        let second = read(body(), 4096, &mut memory.hold(true)).await;
        assert!(matches!(second.unwrap_err(), Refusal::Busy));
        drop(held);
        let third = read(body(), 4096, &mut memory.hold(true)).await;
        assert!(third.is_ok());
    }
}
