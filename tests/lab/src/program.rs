//! A program of ours, started and watched: its lines are kept, its end is waited for, and it
//! is killed when it is dropped.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};

use crate::wait;

/// Where cargo puts the programs of this build.
///
/// # Errors
/// Where the program is missing, with the command that builds it.
pub fn path(name: &str) -> anyhow::Result<PathBuf> {
    let program = folder()?.join(name);
    anyhow::ensure!(
        program.exists(),
        "{} is missing; build the programs first: cargo build --workspace",
        program.display()
    );
    Ok(program)
}

/// The folder of this build's programs.
fn folder() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.ancestors().find(|folder| {
        folder
            .file_name()
            .is_some_and(|name| name == "debug" || name == "release")
    });
    Ok(folder
        .context("this is not run from a target folder")?
        .to_owned())
}

/// The target folder, where set-up puts what others wrote beside the programs of this build.
///
/// # Errors
/// Where this is not run from one.
pub fn target() -> anyhow::Result<PathBuf> {
    let folder = folder()?;
    let target = folder.parent().context("no target folder")?;
    Ok(target.to_owned())
}

/// The Python that has what `tests/requirements.txt` names.
///
/// # Errors
/// Where it is missing, with the commands that make it.
pub fn python() -> anyhow::Result<PathBuf> {
    let folder = target()?.join("python");
    let python = folder.join("bin/python");
    anyhow::ensure!(
        python.exists(),
        "{} is missing: `cargo xtask test` makes it; by hand: python3 -m venv {} && {} -m pip install -r tests/requirements.txt",
        python.display(),
        folder.display(),
        python.display()
    );
    Ok(python)
}

/// The workspace's folder.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A flag with the lab's own value, unless the test gives one.
pub(crate) fn unless<'a>(given: &[&str], flag: &'a str, value: &'a str) -> Vec<&'a str> {
    if given.contains(&flag) {
        Vec::new()
    } else {
        vec![flag, value]
    }
}

/// The address that a line names, as `http://127.0.0.1:PORT`.
pub fn address(line: &str) -> Option<String> {
    let (_, after) = line.split_once("127.0.0.1:")?;
    let port: String = after.chars().take_while(char::is_ascii_digit).collect();
    // Port 0 is what was asked for, not what it became.
    (port.len() > 1).then(|| format!("http://127.0.0.1:{port}"))
}

/// A running program.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    out: Lines,
    error: Lines,
}

/// What a program has said so far.
#[derive(Clone, Debug, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn watch(&self, from: impl Read + Send + 'static) {
        let lines = self.clone();
        thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                lines
                    .0
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line);
            }
        });
    }

    fn all(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Program {
    /// Starts one of our programs by its name.
    ///
    /// # Errors
    /// Where it is missing or cannot be started.
    pub fn start(
        name: &str,
        prepare: impl FnOnce(&mut Command) -> &mut Command,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(path(name)?);
        prepare(&mut command);
        Self::spawn(name, command)
    }

    /// Starts any program.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn spawn(name: &str, command: Command) -> anyhow::Result<Self> {
        Self::spawn_with(name, command, Stdio::null())
    }

    /// Starts any program, which hears what is [`Program::tell`]-ed.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn spawn_listening(name: &str, command: Command) -> anyhow::Result<Self> {
        Self::spawn_with(name, command, Stdio::piped())
    }

    fn spawn_with(name: &str, mut command: Command, input: Stdio) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let (out, error) = (Lines::default(), Lines::default());
        if let Some(stdout) = child.stdout.take() {
            out.watch(stdout);
        }
        if let Some(stderr) = child.stderr.take() {
            error.watch(stderr);
        }
        Ok(Self {
            name: name.to_owned(),
            input: child.stdin.take(),
            child,
            out,
            error,
        })
    }

    /// Its lines on standard output so far.
    #[must_use]
    pub fn out(&self) -> Vec<String> {
        self.out.all()
    }

    /// Its lines on standard error so far.
    #[must_use]
    pub fn error(&self) -> Vec<String> {
        self.error.all()
    }

    /// Writes a line to its standard input.
    ///
    /// # Errors
    /// Where it does not listen, or not any more.
    pub fn tell(&mut self, line: &str) -> anyhow::Result<()> {
        let said = [self.out(), self.error()].concat();
        let input = self.input.as_mut().context("it does not listen")?;
        writeln!(input, "{line}")
            .with_context(|| format!("{} does not listen: {said:?}", self.name))
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line, on either output, from which `find` takes something.
    ///
    /// # Errors
    /// Where the program ends before it says so, or never does.
    pub fn wait_for<T>(
        &mut self,
        what: &str,
        find: impl Fn(&str) -> Option<T>,
    ) -> anyhow::Result<T> {
        let (out, error, name) = (self.out.clone(), self.error.clone(), self.name.clone());
        let child = &mut self.child;
        wait::until(&format!("{what} of {name}"), || {
            let lines = || [out.all(), error.all()].concat();
            let ended = child.try_wait().ok().flatten();
            if let Some(found) = lines().iter().find_map(|line| find(line)) {
                return Ok(Ok(found));
            }
            match ended {
                Some(status) => Ok(Err(anyhow::anyhow!(
                    "{name} ended ({status}) before {what}:\n{}",
                    lines().join("\n")
                ))),
                None => Err(lines()),
            }
        })?
    }

    /// Asks it to stop (SIGTERM) and waits for its end.
    ///
    /// # Errors
    /// Where it does not end.
    pub fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        self.wait()
    }

    /// Kills it at once, as a power cut would: SIGKILL, no clean-up.
    ///
    /// # Errors
    /// Where it is gone already.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// Where the process is gone.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let id = i32::try_from(self.child.id())?;
        let pid = Pid::from_raw(id).context("no process id")?;
        kill_process(pid, signal).with_context(|| format!("cannot signal {}", self.name))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// Where it does not end within the deadline.
    pub fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        let (child, out, error) = (&mut self.child, &self.out, &self.error);
        wait::until(&format!("the end of {}", self.name), || {
            child
                .try_wait()
                .ok()
                .flatten()
                .ok_or_else(|| [out.all(), error.all()].concat())
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("── {} said:\n{}", self.name, self.out().join("\n"));
            eprintln!("── and on standard error:\n{}", self.error().join("\n"));
        }
    }
}
