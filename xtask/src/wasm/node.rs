//! The two steps that need Node: `wasm-opt` of the npm package `binaryen`, and `terser`.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::npm;

/// Options of the optimiser. No feature flag at all: the module's own section names what it
/// uses, and `--all-features` writes imports that no browser reads.
///
/// Functions with one caller stay functions unless they are tiny: inlined they are fewer
/// bytes, but more once compressed. The first kilobyte of memory is the far end of the stack:
/// nothing that is pointed to lies there, so small distances go into loads and stores.
const OPTIONS: [&str; 6] = [
    "-Oz",
    "--one-caller-inline-max-function-size=20",
    "--converge",
    "--low-memory-unused",
    "--strip-target-features",
    "--strip-producers",
];

/// Options of the minifier. No word to the console, which is the page's: the glue has some.
const COMPRESS: &str =
    "passes=3,pure_getters,unsafe_arrows,unsafe_methods,booleans_as_integers=false,drop_console";

/// The installed tools.
#[derive(Debug)]
pub struct Tools {
    modules: PathBuf,
}

/// The tools, installed into `into` from the lock file in `from` when they are not there.
///
/// # Errors
/// When there is no Node, or npm reaches no registry; the text is for the one who builds.
pub fn tools(from: &Path, into: &Path) -> Result<Tools> {
    let modules =
        npm::install(from, into).context("the tracker goes without wasm-opt and minifier")?;
    Ok(Tools { modules })
}

impl Tools {
    /// A smaller module that does the same; with `names`, functions keep theirs.
    ///
    /// # Errors
    /// When the optimiser refuses the module.
    pub fn optimise(&self, module: &[u8], names: bool) -> Result<Vec<u8>> {
        // Its own, because another build of the same target may be at it.
        let folder = format!("optimising-{}", std::process::id());
        let folder = self.modules.with_file_name(folder);
        fs_err::create_dir_all(&folder)?;
        let (before, after) = (folder.join("before.wasm"), folder.join("after.wasm"));
        fs_err::write(&before, module)?;
        let mut command = self.script("binaryen/bin/wasm-opt");
        command.args(OPTIONS).arg(&before).arg("-o").arg(&after);
        if names {
            command.arg("--debuginfo");
        }
        let run = command.output().context("cannot run node")?;
        if !run.status.success() {
            bail!("wasm-opt: {}", String::from_utf8_lossy(&run.stderr).trim());
        }
        let optimised = fs_err::read(after)?;
        fs_err::remove_dir_all(folder)?;
        Ok(optimised)
    }

    /// The script without spaces, comments and long names. The whole of it is inside one
    /// function, so that nothing of it is global; `--toplevel` would see no use of that. A `module`
    /// has its exports.
    ///
    /// # Errors
    /// When the script is no JavaScript.
    pub fn minify(&self, script: &str, module: bool) -> Result<String> {
        let module = if module { &["--module"][..] } else { &[] };
        self.terser(
            script,
            &[&["--compress", COMPRESS, "--mangle"], module].concat(),
        )
    }

    /// The same of the one that speaks to the console.
    ///
    /// # Errors
    /// As [`Tools::minify`].
    pub fn tidied(&self, script: &str) -> Result<String> {
        self.terser(script, &["--module", "--compress", "--mangle"])
    }

    fn terser(&self, script: &str, options: &[&str]) -> Result<String> {
        let mut child = self
            .script("terser/bin/terser")
            .args(["--ecma", "2020"])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run node")?;
        // Dropped at the end of the statement: the minifier reads to the end of its input.
        child
            .stdin
            .take()
            .context("the minifier takes no input")?
            .write_all(script.as_bytes())?;
        let run = child.wait_with_output()?;
        if !run.status.success() {
            bail!("terser: {}", String::from_utf8_lossy(&run.stderr).trim());
        }
        String::from_utf8(run.stdout).context("the minifier wrote no text")
    }

    fn script(&self, path: &str) -> Command {
        let mut command = Command::new("node");
        command.arg(self.modules.join(path));
        command
    }
}
