//! Delivery to files: lines that the bot made, divided by user into objects, against writing the
//! same bytes one after another; and the API, against moto's server at the same requests.

mod case;
mod events;
mod servers;

use std::fmt::Write as _;
use std::path::Path;

use crate::report::Report;
use crate::table::median;
use crate::{machine, process};

use case::{Figures, Work};
pub use case::{WORD, run as case};

/// One row: what is done, for how many users, and the MB/s of processor time that are promised.
const ROWS: [(Work, usize, f64); 9] = [
    (Work::PATH, 1, 400.0),
    (Work::PATH, 65, 400.0),
    (Work::PATH, 500, 400.0),
    (Work::PATH, 5_000, 250.0),
    (Work::SHORT_OF_MEMORY, 5_000, 250.0),
    (Work::GZIP, 65, 250.0),
    (Work::GZIP, 500, 250.0),
    (Work::JQ, 500, 100.0),
    (Work::WHOLE, 500, 100.0),
];

/// Runs the comparison, and writes its table; with `only`, just the rows of so many partitions, and
/// nothing is written.
///
/// # Errors
/// Where a program is missing, there is no such row, or what is delivered is not what was put.
pub fn run(rounds: usize, only: Option<usize>) -> anyhow::Result<()> {
    let mut rows = ROWS.to_vec();
    rows.retain(|(_, users, _)| only.is_none_or(|only| only == *users));
    anyhow::ensure!(
        !rows.is_empty(),
        "no row has {} partitions",
        only.unwrap_or(0)
    );
    let mut report = Report::begin("lake", "Delivery to files");
    let folder = machine::disk_folder()?;
    writeln!(
        report,
        "firehose-local's delivery as a library on one thread: the bot's lines (one event a record) are \
         deaggregated, their key is read, and objects are written, each synced before it gets its \
         name; buffers as at AWS (64 MiB, here without a time), as many MiB of all of them in memory as the column says: {} by default. *Plain* writes the same bytes into one \
         file and syncs it. {rounds} rounds in turns, each a process of its own, medians of MB (10⁶ \
         bytes) a second: by processor time, which neighbours and disk disturb least and which \
         the goal means, and by the clock. *Memory* is the most that came on top of the input.\n\n{}\n",
        Work::PATH.memory_mib,
        machine::words(&folder)?,
    )?;
    report.line("| query | compression | partitions | objects | MiB of buffers | MB/s by CPU, goal | by the clock | memory MB | plain, by CPU | plain, by the clock |");
    report.line("|---|---|---|---|---|---|---|---|---|---|");
    let used = Used::new(&folder)?;
    for (work, users, goal) in rows {
        let lines = folder.join(format!("lake-{users}.jsonl"));
        events::write(&lines, users)?;
        let (mut ours, mut plain) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            // Whoever comes second meets a warmer disk: they change places.
            for place in 0..2 {
                if (round + place) % 2 == 0 {
                    ours.push(used.start(work, &lines)?);
                } else {
                    plain.push(used.start(work.plainly(), &lines)?);
                }
            }
        }
        fs_err::remove_file(&lines)?;
        report.line(&row(work, users, goal, &ours, &plain));
    }
    if only.is_some() {
        return Ok(());
    }
    servers(&mut report, &folder, rounds)?;
    report.line(&format!(
        "\nLoad of the machine at the end: {}.",
        machine::load()
    ));
    report.write()
}

/// Where all measurements write. What they wrote is emptied, and removed only at the end: for five
/// minutes ext4 gives out no inode that was freed, and looks long for another one.
struct Used(tempfile::TempDir);

impl Used {
    fn new(folder: &Path) -> anyhow::Result<Self> {
        Ok(Self(tempfile::tempdir_in(folder)?))
    }

    fn start(&self, work: Work, lines: &Path) -> anyhow::Result<Figures> {
        let folder = tempfile::tempdir_in(&self.0)?.keep();
        let figures = case::start(work, lines, &folder)?;
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            for entry in fs_err::read_dir(folder)? {
                let entry = entry?;
                match entry.file_type()?.is_dir() {
                    true => folders.push(entry.path()),
                    false => drop(fs_err::File::create(entry.path())?),
                }
            }
        }
        Ok(figures)
    }
}

fn row(work: Work, users: usize, goal: f64, ours: &[Figures], plain: &[Figures]) -> String {
    let of = |figures: &[Figures], figure: fn(&Figures) -> f64| {
        median(&figures.iter().map(figure).collect::<Vec<_>>())
    };
    let by_cpu = of(ours, Figures::by_cpu);
    let met = if by_cpu >= goal { "" } else { " (missed)" };
    format!(
        "| `{}` | {} | {users} | {:.0} | {} | **{by_cpu:.0}**, {goal:.0}{met} | {:.0} | {:.0} | {:.0} | {:.0} |",
        // A table's cell ends at a bar, even within code.
        work.query.replace('|', "\\|"),
        work.compression.name(),
        of(ours, |figures| figures.objects),
        work.memory_mib,
        of(ours, Figures::by_clock),
        of(ours, |figures| figures.memory_mb),
        of(plain, Figures::by_cpu),
        of(plain, Figures::by_clock),
    )
}

/// The API's comparison, below the table of the library.
fn servers(report: &mut Report, folder: &Path, rounds: usize) -> anyhow::Result<()> {
    const USERS: usize = 65;
    let lines = folder.join("lake-servers.jsonl");
    events::write(&lines, USERS)?;
    let requests = servers::requests(&lines)?;
    fs_err::remove_file(&lines)?;
    report.line(&format!(
        "\nThe API: {} calls of PutRecordBatch with {} records each, of {USERS} users, one after another, to \
         `firehose-local serve` and to moto's server, which keeps the prefix as text, makes one object \
         of each call and has it in memory only.\n",
        requests.len(),
        servers::RECORDS,
    ));
    report.line("| server | MB/s by its CPU | by the clock | peak MB |");
    report.line("|---|---|---|---|");
    let mut measured = [const { Vec::new() }; 2];
    for round in 0..rounds {
        for place in 0..2 {
            let which = (round + place) % 2;
            if let Some(figures) = measured.get_mut(which) {
                figures.push(servers::measure(which == 0, &requests, folder)?);
            }
        }
    }
    let names = ["firehose-local", servers::MOTO];
    for (name, figures) in names.iter().zip(&measured) {
        let of =
            |figure: fn(&Figures) -> f64| median(&figures.iter().map(figure).collect::<Vec<_>>());
        report.line(&format!(
            "| {name} | {:.0} | {:.0} | {:.0} |",
            of(Figures::by_cpu),
            of(Figures::by_clock),
            of(|figures| figures.memory_mb),
        ));
    }
    Ok(())
}

/// What the process itself has used.
fn own_cpu_seconds() -> anyhow::Result<f64> {
    process::cpu_seconds(std::process::id())
}
