//! Single-page routes: which pattern of the site's an address belongs to. No browser in here.

use clickstream_event::text::{split, word};

/// The first of `patterns` (`/books/:id /users/:id/*`, with spaces between them) that a path is of:
/// `:name` is any one part of a path, `*` at the end whatever follows.
pub fn of<'a>(patterns: &'a str, path: &str) -> Option<&'a str> {
    if !cfg!(feature = "routes") {
        return None;
    }
    word(patterns, &mut |pattern| fits(pattern, path))
}

fn fits(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern, path);
    loop {
        let (wanted, wanted_rest) = split(pattern, b'/');
        let (part, rest) = split(path, b'/');
        if wanted == "*" {
            return true;
        }
        let any = wanted.starts_with(":") && !part.is_empty();
        if !any && wanted != part {
            return false;
        }
        let ends = wanted.len() == pattern.len();
        if ends || part.len() == path.len() {
            return ends && part.len() == path.len();
        }
        (pattern, path) = (wanted_rest, rest);
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn an_address_belongs_to_the_first_pattern_that_fits() {
        let patterns = "/ /books/:id /books/new\n/users/:id/orders/:order /files/*";
        for (path, route) in [
            ("/", Some("/")),
            ("/books/bk-1", Some("/books/:id")),
            ("/books/new", Some("/books/:id")),
            ("/users/7/orders/9", Some("/users/:id/orders/:order")),
            ("/files/a/b/c", Some("/files/*")),
            ("/files/", Some("/files/*")),
            ("/books/", None),
            ("/books", None),
            ("/books/bk-1/", None),
            ("/books/bk-1/reviews", None),
            ("/users/7/orders", None),
            ("/files", None),
            ("", None),
        ] {
            assert_eq!(of(patterns, path), route, "{path}");
        }
        assert_eq!(of("", "/"), None);
    }
}
