//! A copy of `infrastructure/` in a temp folder, and Terraform run in it. Everything under this
//! module needs Terraform on the PATH.

mod alarms;
mod complaints;
mod local;
mod mistakes;
mod policies;
mod real;
mod story;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::Context as _;
use clickstream_lab::program::Program;
use serde_json::Value;
use tempfile::TempDir;

/// The version whose schema is committed.
const VERSION: &str = "6.69.1";

const REGION: &str = "eu-west-2";

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Files of Terraform, and the provider installed beside them.
struct Folder {
    temp: TempDir,
    files: PathBuf,
}

impl Folder {
    /// A copy of the project's files, initialised.
    fn of_the_project() -> anyhow::Result<Self> {
        let folder = Self::empty()?;
        let from = root().join("infrastructure");
        copy(&from, &folder.files, &["tf"])?;
        fs_err::create_dir(folder.files.join("tests"))?;
        copy(&from.join("tests"), &folder.files.join("tests"), &["hcl"])?;
        folder.init()?;
        Ok(folder)
    }

    fn empty() -> anyhow::Result<Self> {
        let temp = tempfile::tempdir()?;
        let files = temp.path().join("infrastructure");
        fs_err::create_dir(&files)?;
        Ok(Self { temp, files })
    }

    /// Installs the stand-in.
    fn init(&self) -> anyhow::Result<()> {
        self.install(|provider| {
            let package = provider.join(VERSION).join(platform()?);
            fs_err::create_dir_all(&package)?;
            let program = package.join(format!("terraform-provider-aws_v{VERSION}"));
            let stand_in = env!("CARGO_BIN_EXE_terraform-provider-stand-in");
            Ok(fs_err::os::unix::fs::symlink(stand_in, program)?)
        })
    }

    /// Installs what is put into the provider's folder of a mirror on this disk: no network is
    /// asked.
    fn install(&self, put: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mirror = self.temp.path().join("mirror");
        let settings = format!(
            "provider_installation {{\n  filesystem_mirror {{\n    path = {mirror:?}\n  }}\n}}\n"
        );
        fs_err::write(self.temp.path().join("terraform.rc"), settings)?;
        // Under its full name, whose first part is the default registry's host.
        let named = self.run(&["providers"])?;
        let name = named
            .split("provider[")
            .nth(1)
            .and_then(|rest| rest.split(']').next())
            .with_context(|| format!("no provider is named:\n{named}"))?;
        let provider = mirror.join(name);
        fs_err::create_dir_all(&provider)?;
        put(&provider)?;
        self.run(&["init", "-input=false"])?;
        Ok(())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("terraform");
        command.args(arguments);
        self.prepare(&mut command);
        command
    }

    /// Has a program that starts Terraform, or is it, work in this folder with this provider.
    fn prepare<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .current_dir(&self.files)
            .env("TF_CLI_CONFIG_FILE", self.temp.path().join("terraform.rc"))
            .env("TF_DISABLE_PLUGIN_TLS", "1")
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .env("AWS_REGION", REGION)
            .env("PLUGIN_UNIX_SOCKET_DIR", self.temp.path())
    }

    fn output(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        self.command(arguments).output().context(
            "terraform cannot be started: these tests need Terraform 1.7 or newer on the PATH",
        )
    }

    /// What a command says on standard output.
    ///
    /// # Errors
    /// Where it fails, with all that it says.
    fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.output(arguments)?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let wrong = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(
            output.status.success(),
            "terraform {arguments:?} failed ({}):\n{said}{wrong}",
            output.status
        );
        Ok(said)
    }

    /// The code and the words of a command that may fail, in one line.
    fn ends(&self, arguments: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
        let output = self.output(arguments)?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).replace('│', " ");
        let words: Vec<&str> = said.split_whitespace().collect();
        Ok((output.status.code(), words.join(" ")))
    }

    /// What a command says as JSON.
    fn json(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.run(arguments)?)?)
    }

    /// Plans into the file `plan`, with these words more; what it would come to.
    fn planned(&self, more: &[&str]) -> anyhow::Result<Value> {
        let plan = ["plan", "-input=false", "-no-color", "-out=plan"];
        self.run(&[&plan, more].concat())?;
        self.json(&["show", "-json", "plan"])
    }

    /// `firehose-local serve --terraform PATH`, its lake in the temp folder.
    fn served(&self, path: &str) -> anyhow::Result<Program> {
        let lake = self.temp.path().join("lake");
        Program::start("firehose-local", |command| {
            command
                .args(["serve", "--listen", "127.0.0.1:0", "--terraform", path])
                .arg("--dir")
                .arg(&lake);
            self.prepare(command)
        })
    }

    /// The state's resources after an apply: address and values.
    fn applied(&self) -> anyhow::Result<Vec<Value>> {
        self.run(&["apply", "-auto-approve", "-input=false", "-no-color"])?;
        let state = self.json(&["show", "-json"])?;
        let resources = state["values"]["root_module"]["resources"].as_array();
        Ok(resources.context("nothing was applied")?.clone())
    }
}

/// What Terraform calls this machine in a mirror.
fn platform() -> anyhow::Result<String> {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => anyhow::bail!("Terraform's name for {other} is not known here"),
    };
    Ok(format!("{system}_{machine}"))
}

fn copy(from: &Path, to: &Path, extensions: &[&str]) -> anyhow::Result<()> {
    for entry in fs_err::read_dir(from)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if extension.is_some_and(|extension| extensions.contains(&extension)) {
            let name = path.file_name().context("a file without a name")?;
            fs_err::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

/// The one resource of an address, or its values.
fn values<'a>(resources: &'a [Value], address: &str) -> anyhow::Result<&'a Value> {
    let found = resources.iter().find(|found| found["address"] == address);
    Ok(&found.with_context(|| format!("no {address}"))?["values"])
}
