//! Bodies as they come over the wire: whatever the encoding, no more than the bound comes out, and
//! what we cannot read is refused.
//!
//! The first byte of the input says which encoding the header names.

#![no_main]

use bytes::Bytes;
use clickstream_relay::intake::body::inflate;
use clickstream_relay::intake::memory::Memory;
use http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 64 << 10;

fuzz_target!(|input: &[u8]| {
    let Some((named, wire)) = input.split_first() else {
        return;
    };
    let named = ["", "gzip", "br", "zstd", "identity", "deflate"][usize::from(*named) % 6];
    let mut headers = HeaderMap::new();
    if !named.is_empty() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(named));
    }
    let memory = Memory::new(1 << 20);
    let mut held = memory.hold(true);
    let Ok(body) = inflate(Bytes::copy_from_slice(wire), &headers, LIMIT, &mut held) else {
        return;
    };
    assert!(body.len() <= LIMIT.max(wire.len()), "{} bytes", body.len());
    let plain = matches!(named, "" | "identity") && !wire.starts_with(&[0x1f, 0x8b]);
    assert!(!plain || body == wire);
    assert_ne!(named, "deflate", "not known and yet read");
});
