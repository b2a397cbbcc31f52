//! An object on its way to S3, written as it comes. What fits into one part is one PUT.

use super::S3;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{Attributes, MultipartUpload, ObjectStore, PutOptions};
use std::io::{self, Write};

/// Bytes of a part. S3 takes 10,000 of them, so that the largest object of a stream (128 MiB, and one
/// call more) always fits.
pub(super) const PART: usize = 8 << 20;

/// The object. Dropped before its end it never appears, and S3 forgets its parts.
#[derive(Debug)]
pub(super) struct Upload<'a> {
    client: &'a AmazonS3,
    path: &'a Path,
    attributes: Attributes,
    s3: &'a S3,
    part: Vec<u8>,
    parts: Option<Box<dyn MultipartUpload>>,
}

impl<'a> Upload<'a> {
    /// Nothing of it yet.
    pub(super) fn new(
        client: &'a AmazonS3,
        path: &'a Path,
        attributes: Attributes,
        s3: &'a S3,
    ) -> Self {
        Self {
            client,
            path,
            attributes,
            s3,
            part: Vec::new(),
            parts: None,
        }
    }

    /// Sends what has come since the last part.
    fn send(&mut self) -> io::Result<()> {
        let mut parts = match self.parts.take() {
            Some(parts) => parts,
            None => {
                let options = self.attributes.clone().into();
                let begun = self.client.put_multipart_opts(self.path, options);
                self.s3.wait(begun)?
            }
        };
        let part = std::mem::take(&mut self.part);
        let sent = parts.put_part(part.into());
        // Kept, so that it is aborted where this failed.
        self.parts = Some(parts);
        self.s3.wait(sent)
    }

    /// Makes the object appear.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if self.parts.is_none() {
            let options = PutOptions::from(self.attributes.clone());
            let part = std::mem::take(&mut self.part);
            let put = self.client.put_opts(self.path, part.into(), options);
            return self.s3.wait(put).map(drop);
        }
        if !self.part.is_empty() {
            self.send()?;
        }
        if let Some(parts) = &mut self.parts {
            self.s3.wait(parts.complete())?;
        }
        self.parts = None;
        Ok(())
    }
}

impl Write for Upload<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = PART - self.part.len();
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.part.extend_from_slice(taken);
        if self.part.len() == PART {
            self.send()?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        if let Some(mut parts) = self.parts.take()
            && let Err(error) = self.s3.wait(parts.abort())
        {
            let path = self.path.as_ref();
            tracing::warn!(%error, path, "parts of an object that failed may be left in S3: a lifecycle rule for incomplete uploads removes them");
        }
    }
}
