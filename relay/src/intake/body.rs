//! The body: read and inflated, bounded at every step.
//!
//! Whatever its Content-Type says: SDKs send JSON as text/plain, as a form, or without any type.
//! Three bounds, because none alone holds: on the wire, inflated (a few bytes of gzip yield
//! gigabytes), and in the number of parts (thousands of empty ones cost work and yield nothing).

mod parts;

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
        Encoding::Gzip => parts::gzip(&wire, bound)?,
        Encoding::Brotli => {
            let mut out = Vec::new();
            let whole = parts::capped(brotli::Decompressor::new(&*wire, 4096), &mut out, bound)?;
            whole.then_some(out)
        }
        Encoding::Zstd => parts::zstd(&wire, bound)?,
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
    fn bodies_of_some_parts_are_read_and_of_thousands_refused() {
        let text = Bytes::from_static(b"{\"batch\":[]}");
        let (empty_gzip, empty_zstd) = (gzip(b""), zstd(b""));
        // A frame that decoders pass over: its mark, and no bytes.
        let skipped = Bytes::from_static(&[0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
        for (part, name, whole) in [
            (empty_gzip, "gzip", gzip(&text)),
            (empty_zstd, "zstd", zstd(&text)),
            (skipped, "zstd", zstd(&text)),
        ] {
            let parted = |count| Bytes::from([part.repeat(count), whole.to_vec()].concat());
            assert_eq!(
                inflated(parted(63), Some(name), 100).unwrap(),
                text,
                "{name}"
            );
            let refused = inflated(parted(64), Some(name), 100).unwrap_err();
            assert!(
                matches!(refused, Refusal::TooManyParts { limit: 64 }),
                "{name}"
            );
            let all = Bytes::from(part.repeat(100_000));
            let refused = inflated(all, Some(name), 100).unwrap_err();
            assert!(matches!(refused, Refusal::TooManyParts { .. }), "{name}");
            // What follows the last part is none.
            let trailing = Bytes::from([&*whole, b"{}"].concat());
            let refused = inflated(trailing, Some(name), 100).unwrap_err();
            assert!(matches!(refused, Refusal::BrokenEncoding), "{name}");
        }
    }

    #[test]
    fn no_window_is_larger_than_eight_mebibytes() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        encoder.write_all(b"{}").unwrap();
        let wire = encoder.finish().unwrap().into();
        let refused = inflated(wire, Some("zstd"), 100).unwrap_err();
        assert!(matches!(refused, Refusal::BrokenEncoding));
        // Brotli's "large window" of a gigabyte, which no browser sends.
        let wire = Bytes::from_static(&[0x11, 0x1e, 0x0b, 0x02, 0x80, 0x61, 0x62, 0x03]);
        let refused = inflated(wire, Some("br"), 100).unwrap_err();
        assert!(matches!(refused, Refusal::BrokenEncoding));
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
