//! Server-sent events out of bytes that come in any pieces.

/// One of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Its id, where it has one.
    pub id: String,
    /// Empty for an event of the relay, else what it is about.
    pub kind: String,
    /// JSON.
    pub data: String,
}

/// What came and is not whole yet.
#[derive(Debug, Default)]
pub struct Reader(Vec<u8>);

impl Reader {
    /// What `bytes` make whole.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<Said> {
        self.0.extend_from_slice(bytes);
        let mut said = Vec::new();
        let mut from = 0;
        while let Some(length) = self.0[from..].windows(2).position(|two| two == b"\n\n") {
            let block = String::from_utf8_lossy(&self.0[from..from + length]);
            said.extend(read(&block));
            from += length + 2;
        }
        self.0.drain(..from);
        said
    }
}

/// None where there is nothing in it but comments.
fn read(block: &str) -> Option<Said> {
    let mut said = Said::default();
    for line in block.lines() {
        let (field, value) = line.split_once(':')?;
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => value.clone_into(&mut said.id),
            "event" => value.clone_into(&mut said.kind),
            "data" => said.data.push_str(value),
            _ => {}
        }
    }
    Some(said).filter(|said| !said.data.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_whole_however_the_bytes_come() {
        let text = "retry: 1000\n\n:\n\nid: 7\ndata: {\"a\":\"é\"}\n\nevent: lagged\ndata: {}\n\n";
        for size in 1..text.len() {
            let mut reader = Reader::default();
            let chunks = text.as_bytes().chunks(size);
            let said: Vec<Said> = chunks.flat_map(|chunk| reader.take(chunk)).collect();
            assert_eq!(said.len(), 2, "{size}");
            assert_eq!((&*said[0].id, &*said[0].data), ("7", "{\"a\":\"é\"}"));
            assert_eq!((&*said[1].kind, &*said[1].data), ("lagged", "{}"));
        }
    }
}
