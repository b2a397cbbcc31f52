//! Terraform itself, over the project's files and the stand-in provider.

mod with_terraform;
