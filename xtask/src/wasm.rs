//! The tracker's files, from Rust to what a page loads, and the npm package of them.
//!
//! ```text
//! compile ──► bindings ──► wasm-opt (Node) ──► clickstream.wasm ─────┐
//!                 │                                  │ its hash      │
//!                 └─► script: way in, door, glue ◄───┘               ├─► .br, .gz; package
//!                                  └─► minifier (Node) ─► clickstream.js
//! ```
//!
//! Everything but the two steps marked Node is Rust; without Node, or without the standard
//! library's source, the files are larger and work just as well.

mod app;
mod closures;
mod compile;
mod files;
pub mod integrity;
mod names;
mod node;
mod package;
mod script;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    ops::Range,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::command;
pub use app::example;
use names::Names;

/// Every name that a folder of ours may have: what a page needs, of either edition that sites are
/// given, what it loads when it asks for explanations, and the types.
pub const FILES: [&str; 6] = [
    "clickstream.js",
    "clickstream.wasm",
    "clickstream-full.js",
    "clickstream-full.wasm",
    DEBUG,
    TYPES,
];

const DEBUG: &str = "clickstream-debug.js";
const TYPES: &str = "clickstream.d.ts";

/// The steps themselves: whoever changes one builds anew.
const STEPS: [&str; 5] = [
    include_str!("wasm.rs"),
    include_str!("wasm/closures.rs"),
    include_str!("wasm/names.rs"),
    include_str!("wasm/node.rs"),
    include_str!("wasm/script.rs"),
];

/// What is written by hand, as it stands.
#[derive(Debug, Hash)]
struct Sources {
    door: String,
    early: String,
    tag: String,
    package: String,
    debug: String,
    types: String,
    readme: String,
    licence: String,
}

impl Sources {
    fn read(root: &Path) -> Result<Self> {
        let read = |name: &str| fs_err::read_to_string(root.join("tracker-wasm").join(name));
        Ok(Self {
            door: read("src/door.js")?,
            early: read("src/early.js")?,
            tag: read("src/loader.js")?,
            package: read("src/package.js")?,
            debug: read("src/debug.js")?,
            types: read("src/clickstream.d.ts")?,
            readme: read("README.md")?,
            licence: fs_err::read_to_string(root.join("LICENSE"))?,
        })
    }

    /// The script of the tag.
    fn script(&self, edition: Edition, glue: &str, integrity: &str) -> Result<String> {
        self.composed(edition, "loader.js", &self.tag, glue, integrity)
    }

    /// The package's ES module.
    fn module(&self, edition: Edition, glue: &str, integrity: &str) -> Result<String> {
        self.composed(edition, "package.js", &self.package, glue, integrity)
    }

    fn composed(
        &self,
        edition: Edition,
        name: &str,
        way: &str,
        glue: &str,
        integrity: &str,
    ) -> Result<String> {
        let [_, module] = Edition::Everything.loaded();
        let way = way.replace(module, edition.loaded()[1]);
        let early = match edition {
            Edition::Full => self.early.as_str(),
            Edition::Everything | Edition::Core => "",
        };
        let door = script::early(&self.door, early)?;
        script::compose(name, &way, &door, glue, integrity)
    }
}

/// What became of a build.
#[derive(Debug)]
pub struct Tracker {
    /// The folder with the files: `target/tracker`.
    pub dir: PathBuf,
    /// The folder with the npm package.
    pub package: PathBuf,
    /// Whether anything had changed since the build before.
    pub rebuilt: bool,
    /// Why the files are larger than they could be, if they are.
    pub unoptimised: Option<String>,
}

/// Which tracker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Edition {
    /// Everything that most sites want: what they are given.
    Everything,
    /// With what else it can do, for sites that choose it.
    Full,
    /// Without the subjects that have a cargo feature, but for page views and clicks: what of it
    /// everybody pays for. Only measured.
    Core,
}

impl Edition {
    /// As [`crate::size`] names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::Full => "full",
            Self::Core => "core",
        }
    }

    /// What a page loads of it.
    #[must_use]
    pub const fn loaded(self) -> [&'static str; 2] {
        match self {
            Self::Everything | Self::Core => ["clickstream.js", "clickstream.wasm"],
            Self::Full => ["clickstream-full.js", "clickstream-full.wasm"],
        }
    }

    /// All files that its build makes.
    fn files(self) -> Vec<&'static str> {
        let mut files = self.loaded().to_vec();
        if self != Self::Full {
            files.extend([DEBUG, TYPES]);
        }
        files
    }
}

/// Builds an edition of the tracker into `target/tracker` and its package into `target/npm`, the core
/// into the same folders below `target/core`; when nothing changed, only looks. The full one joins what
/// the other has made, which has to be there.
///
/// # Errors
/// When the toolchain is incomplete or the tracker does not compile; the text says what to do.
pub fn tracker(edition: Edition) -> Result<Tracker> {
    let root = command::root();
    let work = root.join("target/wasm");
    let (target, stamp_file) = match edition {
        Edition::Everything => (root.join("target"), "tracker.stamp"),
        Edition::Full => (root.join("target"), "full.stamp"),
        Edition::Core => (root.join("target/core"), "core.stamp"),
    };
    let dir = target.join("tracker");
    let package = target.join("npm").join(package::NAME);
    let stamp_file = work.join(stamp_file);
    fs_err::create_dir_all(&work)?;
    // Two builds at once (a demo beside a test) take turns.
    let lock = fs_err::File::create(work.join("tracker.lock"))?;
    lock.file()
        .lock()
        .context("cannot lock target/wasm/tracker.lock")?;

    let compiled = compile::module(root, &work, edition)?;
    let sources = Sources::read(root)?;
    let tools = node::tools(&root.join("xtask/node"), &work.join("tools"));

    let stamp = stamp(&(
        (&compiled.bytes, &sources),
        (tools.is_ok(), STEPS, env!("CARGO_PKG_VERSION")),
    ));
    let reasons = [
        compiled.larger,
        tools.as_ref().err().map(|why| format!("{why:#}")),
    ];
    let reasons: Vec<String> = reasons.into_iter().flatten().collect();
    let unoptimised = (!reasons.is_empty()).then(|| reasons.join("; "));
    let stamped = fs_err::read_to_string(&stamp_file).is_ok_and(|old| old == stamp);
    let there = files::complete(&dir, &edition.files());
    if stamped && there && package::complete(&package, edition) {
        return Ok(Tracker {
            dir,
            package,
            rebuilt: false,
            unoptimised,
        });
    }

    let (glue, mut module) = bindings(&compiled.bytes, false)?;
    if let Ok(tools) = &tools {
        module = tools.optimise(&module, false)?;
    }
    let hash = integrity::of_module(&module);
    let mut script = sources.script(edition, &glue, &hash)?;
    let mut index = sources.module(edition, &glue, &hash)?;
    let mut debug = sources.debug.clone();
    if let Ok(tools) = &tools {
        script = tools.minify(&script, false)?;
        index = tools.minify(&index, true)?;
        debug = tools.tidied(&debug)?;
    }
    let [script_name, module_name] = edition.loaded();
    let mut contents: Vec<(&str, &[u8])> =
        vec![(script_name, script.as_bytes()), (module_name, &module)];
    if edition != Edition::Full {
        contents.push((DEBUG, debug.as_bytes()));
        contents.push((TYPES, sources.types.as_bytes()));
    }
    files::write(&dir, &contents)?;
    let parts = package::Parts {
        index: &index,
        script: &script,
        wasm: &module,
        debug: &debug,
        types: &sources.types,
        readme: &sources.readme,
        licence: &sources.licence,
    };
    package::write(&package, edition, &parts)?;
    fs_err::write(stamp_file, stamp)?;
    Ok(Tracker {
        dir,
        package,
        rebuilt: true,
        unoptimised,
    })
}

/// The module as a page runs it but with its functions' names, for [`crate::size`].
///
/// # Errors
/// As [`tracker`].
pub fn named_module() -> Result<Vec<u8>> {
    let root = command::root();
    let work = root.join("target/wasm");
    let compiled = compile::module(root, &work, Edition::Everything)?;
    let (_, module) = bindings(&compiled.bytes, true)?;
    let module = match node::tools(&root.join("xtask/node"), &work.join("tools")) {
        Ok(tools) => tools.optimise(&module, true)?,
        Err(_) => module,
    };
    // For who looks closer, with twiggy or wasm-dis.
    fs_err::write(work.join("named.wasm"), &module)?;
    Ok(module)
}

/// The brotli bytes of the loader alone.
///
/// # Errors
/// As [`tracker`].
pub fn loader_size() -> Result<usize> {
    let root = command::root();
    let mut script = Sources::read(root)?.script(Edition::Everything, "", "")?;
    if let Ok(tools) = node::tools(&root.join("xtask/node"), &root.join("target/wasm/tools")) {
        script = tools.minify(&script, false)?;
    }
    Ok(files::brotli(script.as_bytes())?.len())
}

/// wasm-bindgen's part: the glue's JavaScript and the module that fits it.
fn bindings(compiled: &[u8], names: bool) -> Result<(String, Vec<u8>)> {
    let mut output = Bindgen::new()
        .input_bytes("clickstream", compiled.to_vec())
        .no_modules(true)?
        .typescript(false)
        .remove_name_section(false)
        .remove_producers_section(true)
        .omit_default_module_path(true)
        .generate_output()
        .context("wasm-bindgen refuses the module")?;
    let mut short = Names::default();
    let module = output.wasm_mut();
    closures::drop_unmade(module);
    if !names {
        module.funcs.iter_mut().for_each(|named| named.name = None);
    }
    for import in module.imports.iter_mut() {
        names::SHORT_MODULE.clone_into(&mut import.module);
        import.name = short.import(&import.name);
    }
    for export in module.exports.iter_mut() {
        export.name = short.export(&export.name);
    }
    let constants = constants(module)?;
    let module = module.emit_wasm();
    let glue = script::lean(output.js(), &constants)?;
    Ok((short.rewrite(&glue), module))
}

/// Where in its memory the module's constants are.
fn constants(module: &walrus::Module) -> Result<Range<u32>> {
    let segments = module.data.iter().filter_map(|data| match data.kind {
        walrus::DataKind::Active {
            offset: walrus::ConstExpr::Value(walrus::ir::Value::I32(start)),
            ..
        } => {
            let (start, length) = (start.cast_unsigned(), u32::try_from(data.value.len()).ok()?);
            Some(start..start.checked_add(length)?)
        }
        _ => None,
    });
    segments
        .reduce(|one, other| one.start.min(other.start)..one.end.max(other.end))
        .context("the module has no constants")
}

/// Everything that decides what the files are, in a few digits.
fn stamp(inputs: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    inputs.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
