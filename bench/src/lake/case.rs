//! One measurement, in a process of its own, so that its memory is its own.

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use firehose_local::buffers::Buffers;
use firehose_local::deliver::{Bucket, Buckets, Name, Parcel};
use firehose_local::partition::{Arrival, Closed, Limits, Partitions};
use firehose_local::stream::Pieces;
use firehose_local::{Compression, PartitionBy, Processor, ProcessorKind, Stream, StreamConfig};

use crate::process;

/// Bytes that are put, the input over and over.
const BYTES: usize = 1 << 30;

/// A moment; which one does not matter.
const NOW_MS: u64 = 1_767_322_985_006;

/// Partitions at once: more than AWS allows, for the row that needs them.
const PARTITIONS: usize = 10_000;

/// The word that a process is started with.
pub const WORD: &str = "lake-case";

/// What is done with the lines.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// How the key is read.
    pub query: &'static str,
    /// How objects are packed.
    pub compression: Compression,
    /// MiB of all buffers that may be in memory.
    pub memory_mib: usize,
    /// Only written, into one file.
    plain: bool,
}

impl Work {
    /// By a query that is only a path.
    pub const PATH: Self = Self {
        query: "{userId:.userId}",
        compression: Compression::Uncompressed,
        memory_mib: Buffers::BOUND >> 20,
        plain: false,
    };
    /// The same with a quarter of the memory.
    pub const SHORT_OF_MEMORY: Self = Self {
        memory_mib: Buffers::BOUND >> 22,
        ..Self::PATH
    };
    /// By a path, packed by gzip.
    pub const GZIP: Self = Self {
        compression: Compression::Gzip,
        ..Self::PATH
    };
    /// By a query that jq has to run, on those members that it can see.
    pub const JQ: Self = Self {
        query: "{userId:(.userId|tostring|ascii_downcase)}",
        ..Self::PATH
    };
    /// By a query that jq has to run on the whole record.
    pub const WHOLE: Self = Self {
        query: "{userId:(if length > 0 then .userId else null end)}",
        ..Self::PATH
    };

    /// The same bytes, only written.
    pub fn plainly(self) -> Self {
        Self {
            plain: true,
            ..self
        }
    }

    fn stream(self) -> anyhow::Result<Stream> {
        let mut config = StreamConfig::clickstream(PartitionBy::User);
        config.compression = self.compression;
        config.active_partitions = u32::try_from(PARTITIONS)?;
        config
            .processors
            .retain(|processor| processor.kind != ProcessorKind::MetadataExtraction);
        config
            .processors
            .push(Processor::metadata_extraction(self.query));
        Ok(Stream::new(config)?)
    }
}

/// What one process used.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Bytes of input, in MB.
    pub megabytes: f64,
    /// Seconds of processor time.
    pub cpu_seconds: f64,
    /// Seconds by the clock.
    pub seconds: f64,
    /// The most memory on top of the input, in MB.
    pub memory_mb: f64,
    /// Objects written.
    pub objects: f64,
}

impl Figures {
    /// MB a second of processor time.
    pub fn by_cpu(&self) -> f64 {
        self.megabytes / self.cpu_seconds
    }

    /// MB a second by the clock.
    pub fn by_clock(&self) -> f64 {
        self.megabytes / self.seconds
    }
}

/// Starts the process and waits for its figures; `folder` is its own.
///
/// # Errors
/// Where it fails.
pub fn start(work: Work, lines: &Path, folder: &Path) -> anyhow::Result<Figures> {
    let output = Command::new(std::env::current_exe()?)
        .args([WORD, work.query, work.compression.name()])
        .arg(work.memory_mib.to_string())
        .arg(if work.plain { "plain" } else { "deliver" })
        .args([lines, folder])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{work:?}: {said}");
    let text = String::from_utf8(output.stdout)?;
    let figures: Vec<f64> = text
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let [megabytes, cpu_seconds, seconds, memory_mb, objects] = figures[..] else {
        anyhow::bail!("{work:?} gave other figures than asked for: {text}");
    };
    Ok(Figures {
        megabytes,
        cpu_seconds,
        seconds,
        memory_mb,
        objects,
    })
}

/// The process: what [`start`] wrote behind its word.
///
/// # Errors
/// Where something fails on the way, or what is written is not what was put.
pub fn run(words: &[String]) -> anyhow::Result<()> {
    let [query, compression, memory, how, lines, folder] = words else {
        anyhow::bail!("{WORD} is started by the comparison itself");
    };
    let text = fs_err::read(lines)?;
    let lines: Vec<&[u8]> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .collect();
    let times = NonZeroUsize::new(BYTES / text.len()).context("the input is too long")?;
    let folder = Path::new(folder);
    let own = std::process::id();
    let memory_mb = process::peak_mb(own)?;
    let (cpu_seconds, started) = (super::own_cpu_seconds()?, Instant::now());
    let put = (0..times.get()).flat_map(|_| lines.iter().copied());
    let objects = if how == "plain" {
        plain(put, folder)?
    } else {
        // Leaked, as the name must live as long as the program: it is about to end.
        let work = Work {
            query: String::leak(query.clone()),
            compression: compression_of(compression)?,
            memory_mib: memory.parse()?,
            plain: false,
        };
        deliver(work, put, folder)?
    };
    let figures = [
        (text.len() * times.get()) as f64 / 1e6,
        super::own_cpu_seconds()? - cpu_seconds,
        started.elapsed().as_secs_f64(),
        process::peak_mb(own)? - memory_mb,
        objects as f64,
    ];
    let figures = figures.map(|figure| figure.to_string()).join(" ");
    writeln!(std::io::stdout(), "{figures}")?;
    Ok(())
}

fn compression_of(name: &str) -> anyhow::Result<Compression> {
    [Compression::Uncompressed, Compression::Gzip]
        .into_iter()
        .find(|compression| compression.name() == name)
        .with_context(|| format!("no compression {name:?}"))
}

/// Writes the lines into one file; tells how many files that are.
fn plain<'a>(lines: impl Iterator<Item = &'a [u8]>, folder: &Path) -> anyhow::Result<usize> {
    let file = fs_err::File::create(folder.join("plain"))?;
    let mut file = std::io::BufWriter::with_capacity(1 << 20, file);
    for line in lines {
        file.write_all(line)?;
        file.write_all(b"\n")?;
    }
    file.into_inner()?.sync_data()?;
    Ok(1)
}

/// Delivers the lines; tells how many objects they became.
fn deliver<'a>(
    work: Work,
    lines: impl Iterator<Item = &'a [u8]>,
    folder: &Path,
) -> anyhow::Result<usize> {
    let stream = Arc::new(work.stream()?);
    let buffers = Buffers::new(&folder.join(".buffers"), work.memory_mib << 20)?;
    let bucket = Bucket::open(&Buckets::Folders, folder, stream.config())?;
    let limits = Limits {
        size: 64 << 20,
        interval: Duration::from_secs(900),
        partitions: PARTITIONS,
    };
    let mut partitions = Partitions::new(Arc::clone(&stream), limits, buffers);
    let mut pieces = Pieces::default();
    let mut drawn = 0_u128;
    let mut random = || {
        drawn += 1;
        drawn.to_le_bytes()
    };
    let (mut objects, mut put, mut written) = (0, 0, 0);
    let mut write = |full: Vec<Closed>| -> anyhow::Result<()> {
        let mut full = full.into_iter().peekable();
        while full.peek().is_some() {
            let batch: Vec<Closed> = full.by_ref().take(bucket.a_call()).collect();
            let parcels = batch.iter().map(|object| {
                anyhow::ensure!(object.error.is_none(), "failed: {:?}", object.error);
                objects += 1;
                written += object.records;
                let name = Name {
                    at_ms: NOW_MS,
                    random: (u128::MAX - objects as u128).to_le_bytes(),
                };
                Ok(Parcel {
                    stream: &stream,
                    object,
                    name,
                })
            });
            let parcels = parcels.collect::<anyhow::Result<Vec<_>>>()?;
            for outcome in bucket.deliver(&parcels, NOW_MS) {
                outcome?;
            }
        }
        Ok(())
    };
    let arrival = Arrival {
        at_ms: NOW_MS,
        now: Duration::ZERO,
    };
    for line in lines {
        put += 1;
        stream.read(line, &mut pieces);
        write(partitions.put(line, &pieces, arrival, &mut random))?;
    }
    write(partitions.drain())?;
    anyhow::ensure!(put == written, "{written} records of {put} are in objects");
    Ok(objects)
}
