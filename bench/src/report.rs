//! Tables, printed and kept in `bench/README.md`: each comparison has a part of its own there,
//! between two marks, and replaces only that.

use std::fmt;
use std::path::PathBuf;

/// One comparison's part of the file.
#[derive(Debug)]
pub struct Report {
    name: &'static str,
    text: String,
}

impl Report {
    /// Begins the part of this name.
    pub fn begin(name: &'static str, title: &str) -> Self {
        eprintln!("\n{title}");
        Self {
            name,
            text: format!("## {title}\n\n"),
        }
    }

    /// Adds a line, and prints it.
    pub fn line(&mut self, line: &str) {
        eprintln!("{line}");
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Puts the part into the file.
    ///
    /// # Errors
    /// Where the file cannot be read or written.
    pub fn write(self) -> anyhow::Result<()> {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md");
        let file = fs_err::read_to_string(&path)?;
        let file = replaced(&file, self.name, &self.text);
        fs_err::write(&path, file)?;
        Ok(())
    }
}

impl fmt::Write for Report {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        eprint!("{text}");
        self.text.push_str(text);
        Ok(())
    }
}

/// The file with another text between the marks of that name; at its end where there are none.
fn replaced(file: &str, name: &str, text: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let part = format!("{begin}\n{text}{end}");
    match (file.find(&begin), file.find(&end)) {
        (Some(from), Some(to)) if from < to => {
            let before = file.get(..from).unwrap_or_default();
            let after = file.get(to + end.len()..).unwrap_or_default();
            format!("{before}{part}{after}")
        }
        _ => format!("{}\n\n{part}\n", file.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_replaces_only_itself() {
        let file = replaced("# Title\n", "a", "one\n");
        let file = replaced(&file, "b", "two\n");
        let file = replaced(&file, "a", "three\n");
        assert_eq!(
            file,
            "# Title\n\n<!-- a -->\nthree\n<!-- /a -->\n\n<!-- b -->\ntwo\n<!-- /b -->\n"
        );
    }
}
