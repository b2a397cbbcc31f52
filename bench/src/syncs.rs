//! How long the relay's syncs took, from the histogram on its `/metrics`.

/// Calls and times of syncs.
#[derive(Clone, Debug, Default)]
pub struct Syncs {
    /// Upper bound of each bucket in microseconds, and how many syncs were not longer.
    buckets: Vec<(f64, f64)>,
}

impl Syncs {
    /// Reads the page.
    pub fn read(page: &str) -> Self {
        let bucket = |line: &str| -> Option<(f64, f64)> {
            let line = line.strip_prefix("clickstream_spool_sync_seconds_bucket{le=\"")?;
            let (bound, count) = line.split_once("\"} ")?;
            let bound = match bound {
                "+Inf" => f64::INFINITY,
                bound => bound.parse::<f64>().ok()? * 1e6,
            };
            Some((bound, count.parse().ok()?))
        };
        Self {
            buckets: page.lines().filter_map(bucket).collect(),
        }
    }

    /// How many there were.
    pub fn calls(&self) -> f64 {
        self.buckets.last().map_or(0.0, |(_, count)| *count)
    }

    /// The time that so large a part of them did not exceed, in microseconds, as if the times within
    /// a bucket were spread evenly.
    pub fn quantile_us(&self, part: f64) -> f64 {
        let wanted = part * self.calls();
        let mut before = (0.0, 0.0);
        for &(bound, count) in &self.buckets {
            if count >= wanted && count > 0.0 {
                if bound.is_infinite() {
                    return before.0;
                }
                let share = (wanted - before.1) / (count - before.1).max(1.0);
                return before.0 + share * (bound - before.0);
            }
            before = (bound, count);
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_within_their_buckets() {
        let page = "\
clickstream_spool_sync_seconds_bucket{le=\"0.0001\"} 50
clickstream_spool_sync_seconds_bucket{le=\"0.0002\"} 90
clickstream_spool_sync_seconds_bucket{le=\"+Inf\"} 100
";
        let syncs = Syncs::read(page);
        assert_eq!(syncs.calls(), 100.0);
        assert!((syncs.quantile_us(0.5) - 100.0).abs() < 1e-6);
        assert!((syncs.quantile_us(0.7) - 150.0).abs() < 1e-6);
        // Beyond the last bound nobody knows more than the bound.
        assert!((syncs.quantile_us(0.99) - 200.0).abs() < 1e-6);
        assert_eq!(Syncs::read("").quantile_us(0.5), 0.0);
    }
}
