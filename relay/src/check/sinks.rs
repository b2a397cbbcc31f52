//! Where events go, what that costs, and whether they would arrive.

#[cfg(feature = "firehose")]
use std::sync::Arc;
use std::time::Duration;

use firehose_local::PartitionBy;

use super::Found;
#[cfg(feature = "firehose")]
use crate::clock::SystemClock;
use crate::config::Config;
use crate::quantity::Size;
use crate::sink;
use crate::spool::RealFiles;

pub(super) async fn look(config: &Config, found: &mut Found) {
    match &config.sink {
        sink::Config::Lake(lake) => in_a_lake(lake, found),
        #[cfg(feature = "firehose")]
        sink::Config::Firehose(firehose) => to_firehose(firehose, found).await,
        #[cfg(feature = "kinesis")]
        sink::Config::Kinesis(kinesis) => to_kinesis(kinesis, found).await,
        sink::Config::Stdout => {
            let is =
                "stdout, an event a line; at least once: a reader that ends early sees some again";
            found.says("sink", is);
        }
    }
}

fn in_a_lake(lake: &sink::lake::Config, found: &mut Found) {
    let is = format!(
        "lake in {}, by {}, after {} s or {}; each event exactly once",
        lake.dir.display(),
        lake.partition_by.key(),
        lake.buffer_interval.as_secs_f64(),
        Size(lake.buffer_size)
    );
    let tried = sink::lake::trial::try_out(&RealFiles, &lake.dir, lake.stream().bucket.as_str());
    found.tried("sink", is, tried);
    found.says("costs", files(lake.partition_by, lake.buffer_interval));
}

/// How many files a steady day makes.
fn files(by: PartitionBy, interval: Duration) -> String {
    let deliveries = 86_400.0 / interval.as_secs_f64().max(0.001);
    match by {
        PartitionBy::User => format!(
            "a file a user and delivery: each user who is always active makes {deliveries:.0} a day; \
             --partition-by bucket bounds a delivery at 128"
        ),
        PartitionBy::Bucket => format!(
            "at most 128 files a delivery, {:.0} a day",
            deliveries * 128.0
        ),
    }
}

#[cfg(feature = "firehose")]
async fn to_firehose(firehose: &sink::firehose::Config, found: &mut Found) {
    let is = format!(
        "firehose, the stream {}; each event at least once",
        firehose.stream
    );
    let clock = Arc::new(SystemClock::default());
    let sender = sink::firehose::Firehose::connect(firehose, clock, Arc::default()).await;
    match sender.try_out().await {
        Ok(trial) => {
            found.says("sink", is);
            for fact in trial.facts {
                found.says("", fact);
            }
            trial.warnings.into_iter().for_each(|of| found.warns(of));
        }
        Err(error) => {
            found.tried("sink", is, Err(error));
        }
    }
}

#[cfg(feature = "kinesis")]
async fn to_kinesis(kinesis: &sink::kinesis::Config, found: &mut Found) {
    use crate::forward::flight::Sender as _;

    let is = format!(
        "kinesis, the stream {}; each event a record, at least once",
        kinesis.stream
    );
    let sender = sink::kinesis::Kinesis::connect(kinesis).await;
    let described = sender.packing().await;
    let described = described.map(drop).map_err(|trouble| trouble.text);
    found.tried("sink", is, described);
}
