//! What the checks do with Terraform, which is in no package registry: where it is not on the
//! PATH, they say so.

use std::process::Command;

use anyhow::Context as _;

use crate::command;

/// What is said at the end of a run without Terraform.
pub const UNCHECKED: &str = "infrastructure/: there is no terraform on the PATH, so its format and \
     the tests with_terraform of tests/provider are left out";

/// Whether there is a Terraform.
pub fn is_there() -> bool {
    command::exists("terraform")
}

/// Words for the test runner: the tests that need Terraform, if there is none. Run by hand they
/// fail and say what is missing.
pub fn left_out() -> &'static [&'static str] {
    match is_there() {
        true => &[],
        false => &["--", "--skip", "with_terraform::"],
    }
}

/// The Terraform files are in the form that `terraform fmt` gives them.
pub fn format() -> anyhow::Result<()> {
    command::run(
        Command::new("terraform")
            .args(["fmt", "-check", "-recursive", "infrastructure"])
            .current_dir(command::root()),
    )
    .context("run `terraform fmt -recursive infrastructure`")
}
