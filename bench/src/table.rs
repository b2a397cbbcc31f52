//! Medians and ratios, printed.

/// The median; of an even number the lower of the two in the middle.
pub fn median(figures: &[f64]) -> f64 {
    let mut figures = figures.to_vec();
    figures.sort_by(f64::total_cmp);
    figures
        .get(figures.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or(f64::NAN)
}

/// One line: what, ours, the peer, the ratio of their medians.
pub fn row(what: &str, unit: &str, ours: &[f64], peer: &[f64]) {
    let (ours, peer) = (median(ours), median(peer));
    eprintln!(
        "{what:<34} {ours:>12.0} {peer:>12.0} {unit:<10} {:>6.2}",
        ours / peer
    );
}

/// The line above.
pub fn head(what: &str, peer: &str) {
    eprintln!(
        "\n{what:<34} {:>12} {peer:>12} {:<10} {:>6}",
        "ours", "", "ratio"
    );
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(super::median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(super::median(&[4.0, 1.0, 2.0, 3.0]), 2.0);
        assert!(super::median(&[]).is_nan());
    }
}
