//! Bodies in several parts: members of gzip (RFC 1952), frames of zstd (RFC 8878).

use std::io::Read;

use crate::intake::answer::Refusal;

/// More parts than any encoder makes of a body. An empty one costs work and yields nothing.
const MOST: usize = 64;

/// Largest zstd window, as a power of two: what a decoder may allocate before it yields a byte.
const ZSTD_WINDOW_LOG: u32 = 23;

/// All that the members yield, or none if that is more than `bound`.
pub(super) fn gzip(wire: &[u8], bound: usize) -> Result<Option<Vec<u8>>, Refusal> {
    each(wire, bound, |rest, out| {
        let mut member = flate2::bufread::GzDecoder::new(rest);
        let whole = capped(&mut member, out, bound)?;
        Ok(whole.then(|| member.into_inner()))
    })
}

/// All that the frames yield, or none if that is more than `bound`.
pub(super) fn zstd(wire: &[u8], bound: usize) -> Result<Option<Vec<u8>>, Refusal> {
    each(wire, bound, |rest, out| {
        let frame = zstd::stream::read::Decoder::with_buffer(rest);
        let mut frame = frame.map_err(|_| Refusal::BrokenEncoding)?.single_frame();
        let window = frame.window_log_max(ZSTD_WINDOW_LOG);
        window.map_err(|_| Refusal::BrokenEncoding)?;
        let whole = capped(&mut frame, out, bound)?;
        Ok(whole.then(|| frame.finish()))
    })
}

/// Reads part after part by `next`, which gives what follows the part, or none over the bound.
fn each<'a>(
    wire: &'a [u8],
    bound: usize,
    mut next: impl FnMut(&'a [u8], &mut Vec<u8>) -> Result<Option<&'a [u8]>, Refusal>,
) -> Result<Option<Vec<u8>>, Refusal> {
    let mut out = Vec::with_capacity(bound.min(wire.len()));
    let mut rest = wire;
    for _ in 0..MOST {
        let Some(after) = next(rest, &mut out)? else {
            return Ok(None);
        };
        if after.is_empty() {
            return Ok(Some(out));
        }
        rest = after;
    }
    Err(Refusal::TooManyParts { limit: MOST })
}

/// Adds to `out` what `decoder` yields; false if `out` has more than `bound` then.
pub(super) fn capped(decoder: impl Read, out: &mut Vec<u8>, bound: usize) -> Result<bool, Refusal> {
    let room = bound.saturating_sub(out.len()) as u64 + 1;
    let read = decoder.take(room).read_to_end(out);
    read.map_err(|_| Refusal::BrokenEncoding)?;
    Ok(out.len() <= bound)
}
