//! What a reader of figures must know of the machine.

/// Says processors, load and what else disturbs; busy machines make poor figures.
pub fn describe() {
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let model = line("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let load = line("/proc/loadavg", "").unwrap_or_else(|| "unknown".to_owned());
    eprintln!("machine: {processors} processors ({model}), load {load}");
    let busy = load
        .split(' ')
        .next()
        .and_then(|load| load.parse::<f64>().ok());
    if busy.is_some_and(|load| load > 1.0) {
        eprintln!("warning: something else is running; trust ratios only");
    }
}

fn line(path: &str, key: &str) -> Option<String> {
    let text = std::fs::File::open(path)
        .and_then(std::io::read_to_string)
        .ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.rsplit(": ").next().unwrap_or(line).to_owned())
}
