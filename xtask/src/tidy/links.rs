//! What the documents point at is there.

use super::{none, sources};
use crate::command::root;

#[test]
fn relative_links_lead_somewhere() {
    let mut dead = Vec::new();
    for source in sources(&["md"]) {
        let folder = root().join(&source.path);
        let folder = folder.parent().unwrap_or(root());
        for part in source.text.split("](").skip(1) {
            let target = part.split([')', '#', ' ']).next().unwrap_or("");
            let outside = target.contains("://") || target.starts_with("mailto:");
            if !target.is_empty() && !outside && !folder.join(target).exists() {
                dead.push(format!("{}: {target}", source.path));
            }
        }
    }
    none("a link that leads nowhere", &dead);
}
