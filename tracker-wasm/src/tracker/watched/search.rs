//! Searches: what the address of a view says that somebody has looked for.

use clickstream_event::{
    observed::{PRODUCTS_SEARCHED, ProductsSearched},
    write,
};

use super::{Tracker, moment};
use crate::{capture::search::term, js};

impl Tracker {
    /// A view has begun: a term in its address is told of, unless it is the one of before, to whose results
    /// somebody has come back.
    pub(super) fn searched(&mut self) {
        let watched = &mut self.watched;
        let Some((place, time)) = watched.turned.take() else {
            return;
        };
        let found = term(&place[0], &watched.options.search, &js::decoded);
        let Some(term) = found.filter(|term| *term != watched.searched) else {
            return;
        };
        let details = write::object(&ProductsSearched { query: &term }).unwrap_or_default();
        watched.searched = term;
        self.tell(PRODUCTS_SEARCHED, &details, &moment(&place, time));
    }
}
