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

#[test]
fn the_architecture_names_files_that_are_there() {
    let text = fs_err::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let folders: Vec<String> = super::FOLDERS
        .iter()
        .map(|name| format!("{name}/"))
        .collect();
    let mut gone = Vec::new();
    for path in text.split('`').skip(1).step_by(2) {
        let ours = folders
            .iter()
            .any(|folder| path.starts_with(folder.as_str()));
        if ours && !path.contains('\n') && !root().join(path).exists() {
            gone.push(path.to_owned());
        }
    }
    none("ARCHITECTURE.md names what is not there", &gone);
}
