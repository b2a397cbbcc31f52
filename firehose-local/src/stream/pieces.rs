//! A put record taken apart: its pieces, each with its partition keys or the reason that it has
//! none. The same one is used for record after record, so that nothing is allocated for most.

use crate::extract::Values;
use crate::failure::ErrorCode;
use std::ops::Range;

/// What one put record came apart into.
#[derive(Debug, Default)]
pub struct Pieces {
    list: Vec<Piece>,
    /// How many of the list are this record's; the others keep their memory for the next.
    count: usize,
}

/// One piece.
#[derive(Debug)]
pub struct Piece {
    /// Where it stands in the record.
    pub span: Range<usize>,
    /// Its partition keys; they count only where [`Self::outcome`] is sound.
    pub values: Values,
    /// Why it has no partition keys.
    pub outcome: Result<(), ErrorCode>,
}

impl Pieces {
    /// The pieces, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Piece> {
        self.list.iter().take(self.count)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    /// Adds a piece, which `read` gives its span and its outcome; none where it fails.
    pub(super) fn add<E>(
        &mut self,
        read: impl FnOnce(&mut Values) -> Result<(Range<usize>, Result<(), ErrorCode>), E>,
    ) -> Result<(), E> {
        if self.count == self.list.len() {
            self.list.push(Piece {
                span: 0..0,
                values: Values::default(),
                outcome: Ok(()),
            });
        }
        if let Some(piece) = self.list.get_mut(self.count) {
            (piece.span, piece.outcome) = read(&mut piece.values)?;
            self.count += 1;
        }
        Ok(())
    }
}
