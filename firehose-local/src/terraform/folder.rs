//! A folder of Terraform's files, or a plan or state of it: which of them says most, and the
//! streams that it makes.

use super::files::{Files, FilesError};
use super::shown::{self, Found};
use super::{ResourceError, stream};
use crate::config::StreamConfig;
use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// Why nothing could be read. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file system.
    #[error("cannot read {}: {cause}", path.display())]
    File {
        /// What.
        path: PathBuf,
        /// Why; told by the message.
        cause: io::Error,
    },
    /// The program `terraform`.
    #[error("terraform cannot show {}: {said}", path.display())]
    Terraform {
        /// What it was asked for.
        path: PathBuf,
        /// Its words, or why it has none.
        said: String,
    },
    /// The files themselves.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// One stream's arguments.
    #[error("{address}: {cause}")]
    Resource {
        /// Which.
        address: String,
        /// What is wrong with it.
        cause: ResourceError,
    },
    /// Nothing to run.
    #[error("there is no aws_kinesis_firehose_delivery_stream in {}", .0.display())]
    NoStream(PathBuf),
    /// A file whose form is not read.
    #[error("{} is not read here: only .tf and .tfvars files are", .0.display())]
    Form(PathBuf),
}

/// Where streams were read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// What Terraform has applied.
    State,
    /// What Terraform has planned.
    Plan,
    /// The files as they are written.
    Files,
}

impl Source {
    /// For a line to the one who started this.
    pub fn name(self) -> &'static str {
        match self {
            Self::State => "what Terraform has applied",
            Self::Plan => "what Terraform has planned",
            Self::Files => "the files; Terraform has applied nothing there",
        }
    }
}

/// Longer than any state on a disk or in a bucket takes.
const SLOWEST: Duration = Duration::from_secs(120);

/// The streams of a folder, or of a file: a plan, a state, or what `terraform show -json` wrote.
/// In a folder Terraform is asked first, if it has been initialised there; `variables` are for
/// the files alone, since plans and states have theirs.
///
/// # Errors
/// What cannot be read, resolved or built, by name.
pub async fn streams(
    path: &Path,
    variables: &[(String, String)],
) -> Result<(Source, Vec<StreamConfig>), ReadError> {
    let (source, found) = find(path, variables).await?;
    if found.is_empty() {
        return Err(ReadError::NoStream(path.to_owned()));
    }
    let configs = found.into_iter().map(|found| {
        stream(&found.values).map_err(|cause| ReadError::Resource {
            address: found.address,
            cause,
        })
    });
    Ok((source, configs.collect::<Result<_, _>>()?))
}

async fn find(
    path: &Path,
    variables: &[(String, String)],
) -> Result<(Source, Vec<Found>), ReadError> {
    if path.is_file() {
        let shown = match show_json(path)? {
            Some(shown) => shown,
            None => {
                let folder = path
                    .parent()
                    .filter(|folder| !folder.as_os_str().is_empty());
                let file = path.file_name().map(Path::new);
                show(folder.unwrap_or(Path::new(".")), file).await?
            }
        };
        let source = match shown::is_plan(&shown) {
            true => Source::Plan,
            false => Source::State,
        };
        return Ok((source, shown::streams(&shown)));
    }
    if variables.is_empty() && path.join(".terraform").is_dir() {
        match show(path, None).await {
            Ok(shown) => {
                let found = shown::streams(&shown);
                if !found.is_empty() {
                    return Ok((Source::State, found));
                }
            }
            // The files say enough, mostly; if not, they say what is missing.
            Err(error) => tracing::warn!("{error}; reading the files instead"),
        }
    }
    Ok((Source::Files, files(path, variables)?.streams()?))
}

/// A file that is what `terraform show -json` writes, and no plan or state itself.
fn show_json(path: &Path) -> Result<Option<Value>, ReadError> {
    let bytes = fs_err::read(path).map_err(|cause| failed(path, cause))?;
    let shown = serde_json::from_slice::<Value>(&bytes).ok();
    Ok(shown.filter(|shown| shown.get("format_version").is_some()))
}

fn failed(path: &Path, cause: io::Error) -> ReadError {
    ReadError::File {
        path: path.to_owned(),
        cause,
    }
}

/// `terraform show -json`, of the folder's state or of a file in it.
async fn show(folder: &Path, file: Option<&Path>) -> Result<Value, ReadError> {
    let wrong = |said: String| ReadError::Terraform {
        path: file.map_or_else(|| folder.to_owned(), |file| folder.join(file)),
        said,
    };
    let mut command = tokio::process::Command::new("terraform");
    command
        .args(["show", "-json", "-no-color"])
        .current_dir(folder);
    if let Some(file) = file {
        command.arg(file);
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(SLOWEST, command.output())
        .await
        .map_err(|_| wrong(format!("no answer within {} seconds", SLOWEST.as_secs())))?
        .map_err(|error| wrong(format!("it cannot be started: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(wrong(said.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| wrong(error.to_string()))
}

/// The folder's `.tf` files, its values and the given ones.
fn files(folder: &Path, variables: &[(String, String)]) -> Result<Files, ReadError> {
    let mut paths = Vec::new();
    for entry in fs_err::read_dir(folder).map_err(|cause| failed(folder, cause))? {
        paths.push(entry.map_err(|cause| failed(folder, cause))?.path());
    }
    paths.sort();
    let name = |path: &Path| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let mut files = Files::default();
    for path in &paths {
        let name = name(path);
        let json = [".tf.json", ".tfvars.json"];
        if json.iter().any(|form| name.ends_with(form)) {
            return Err(ReadError::Form(path.clone()));
        }
        if name.ends_with(".tf") {
            let text = fs_err::read_to_string(path).map_err(|cause| failed(path, cause))?;
            files.add(&name, &text)?;
        }
    }
    // Terraform's order: its own name first, then the others by theirs.
    let values = |path: &&PathBuf| name(path) == "terraform.tfvars";
    let automatic = |path: &&PathBuf| name(path).ends_with(".auto.tfvars");
    let values = paths.iter().filter(values);
    for path in values.chain(paths.iter().filter(automatic)) {
        let text = fs_err::read_to_string(path).map_err(|cause| failed(path, cause))?;
        files.add_values(&name(path), &text)?;
    }
    for (name, value) in variables {
        files.set(name, value);
    }
    Ok(files)
}
