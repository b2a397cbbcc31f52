//! The settings: one table makes flags, variables and TOML keys; `docs/configuration.md` and the
//! example file are held to it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Arg, Args as _, Command};
use clickstream_relay::config::{Config, Flags};
use toml::Table;

const MARK: &str = "<!-- settings -->\n";

/// Flags that are no key of a table, each with its reason.
const NO_KEY: [(&str, &str); 1] = [("config", "names the file that holds the keys")];

/// Keys whose flag is called otherwise, each with its reason.
const OTHER_NAME: [(&str, &str, &str, &str); 1] =
    [("sink", "kind", "sink", "what everybody would type")];

const EXAMPLE: &str = include_str!("../../clickstream.example.toml");

/// The example with what it only shows, too: lines with a `#` before their key.
fn shown() -> String {
    let is_key = |(key, _): (&str, &str)| {
        key.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let lines = EXAMPLE.lines().map(|line| match line.strip_prefix("# ") {
        Some(shown) if shown.split_once(" = ").is_some_and(is_key) => shown,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// One setting, under all its names.
struct Setting {
    table: String,
    key: String,
    flag: String,
    variable: String,
    /// What a value looks like, `[…]` where it may be left out.
    takes: String,
    default: Option<String>,
    meaning: String,
    choices: Vec<(String, String)>,
}

impl Setting {
    fn of(argument: &Arg, example: &Table) -> Self {
        let flag = argument.get_long().unwrap().to_owned();
        let table = argument.get_help_heading().unwrap().to_lowercase();
        let key = key(&table, &flag, example);
        let help = argument.get_long_help().or(argument.get_help());
        let help = help.unwrap().to_string().replace('\n', " ");
        let (meaning, default) = match help.split_once(" [default: ") {
            Some((meaning, rest)) => (meaning, Some(rest.strip_suffix(']').unwrap().to_owned())),
            None => (&*help, None),
        };
        let takes = argument.get_value_names().unwrap()[0].to_string();
        let optional = argument
            .get_num_args()
            .is_some_and(|range| range.min_values() == 0);
        let choices = argument.get_possible_values();
        let choices = choices.iter().filter_map(|choice| {
            Some((choice.get_name().to_owned(), choice.get_help()?.to_string()))
        });
        Self {
            variable: argument.get_env().unwrap().to_str().unwrap().to_owned(),
            takes: if optional {
                format!("[{takes}]")
            } else {
                takes
            },
            default,
            meaning: meaning.to_owned(),
            choices: choices.collect(),
            table,
            key,
            flag,
        }
    }

    /// The default, where it is a value rather than a description.
    fn plain_default(&self) -> Option<&str> {
        self.default.as_deref().filter(|text| !text.contains(' '))
    }
}

/// The key that a flag sets: its own name, or what follows the table's.
fn key(table: &str, flag: &str, example: &Table) -> String {
    if let Some((_, key, ..)) = OTHER_NAME
        .iter()
        .find(|(t, _, f, _)| (*t, *f) == (table, flag))
    {
        return (*key).to_owned();
    }
    let whole = flag.replace('-', "_");
    let short = whole.strip_prefix(&format!("{table}_")).map(str::to_owned);
    let keys = example[table].as_table().unwrap();
    let found = [Some(whole), short].into_iter().flatten();
    let found: Vec<_> = found
        .into_iter()
        .filter(|key| keys.contains_key(key))
        .collect();
    assert_eq!(
        found.len(),
        1,
        "--{flag} is not one key of [{table}]: {found:?}"
    );
    found.into_iter().next().unwrap()
}

fn command() -> Command {
    Flags::augment_args(Command::new("clickstream-relay"))
}

fn settings() -> Vec<Setting> {
    let example: Table = shown().parse().unwrap();
    let command = command();
    let arguments = command.get_arguments();
    let named = arguments.filter(|argument| {
        let flag = argument.get_long().unwrap();
        !NO_KEY.iter().any(|(other, _)| *other == flag)
    });
    named
        .map(|argument| Setting::of(argument, &example))
        .collect()
}

#[test]
fn each_setting_is_a_flag_a_variable_and_a_key_of_one_name() {
    let settings = settings();
    for setting in &settings {
        let flag = setting.flag.to_uppercase().replace('-', "_");
        assert_eq!(setting.variable, format!("CLICKSTREAM_{flag}"));
        assert!(
            !setting.meaning.is_empty() && !setting.meaning.ends_with('.'),
            "--{}: {}",
            setting.flag,
            setting.meaning
        );
    }
    let example: Table = shown().parse().unwrap();
    for (table, keys) in &example {
        for key in keys.as_table().unwrap().keys() {
            let flags = settings
                .iter()
                .filter(|one| (&one.table, &one.key) == (table, key));
            assert_eq!(
                flags.count(),
                1,
                "[{table}] {key} is not the key of one flag"
            );
        }
    }
}

#[test]
fn the_example_sets_every_key_with_its_default_or_says_what_that_is() {
    let text = shown();
    let example: Table = text.parse().unwrap();
    for setting in settings() {
        let Setting { table, key, .. } = &setting;
        let value = &example[table][key];
        let shown = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        if let Some(default) = setting.plain_default() {
            assert_eq!(
                shown, default,
                "[{table}] {key} in the example is not the default"
            );
            continue;
        }
        let of_table = text.split(&format!("[{table}]\n")).nth(1).unwrap();
        let line = of_table
            .lines()
            .find(|line| line.starts_with(&format!("{key} = ")));
        let line = line.unwrap();
        assert!(
            line.contains("default: "),
            "[{table}] {key}: say what its default is: {line}"
        );
        let default = setting.default.as_deref().unwrap_or("none");
        if !default.contains("default") {
            let said = line.rsplit_once("default: ").unwrap().1;
            let first = |text: &str| text.split([' ', ',', ';']).next().unwrap().to_owned();
            assert_eq!(first(said), first(default), "[{table}] {key}: two defaults");
        }
    }
}

#[test]
fn the_example_as_it_stands_sets_every_default_and_nothing_else() {
    let example: Table = EXAMPLE.parse().unwrap();
    let mut plain = 0;
    for setting in settings() {
        let Setting { table, key, .. } = &setting;
        let sets = example[table].get(key).is_some();
        assert_eq!(sets, setting.plain_default().is_some(), "[{table}] {key}");
        plain += usize::from(sets);
    }
    assert!(plain > 20, "{plain} defaults are compared");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("example.toml");
    fs_err::write(&file, EXAMPLE).unwrap();
    let composed = |config: Option<PathBuf>| {
        let mut flags = Flags {
            config,
            ..Flags::default()
        };
        flags.intake.write_key = Some(vec!["browser:shop:k".into()]);
        format!("{:#?}", Config::from_flags(flags).unwrap())
    };
    assert_eq!(composed(Some(file)), composed(None), "said and held");
}

fn tables() -> String {
    let mut text = String::new();
    let mut table = "";
    let settings = settings();
    for setting in &settings {
        if setting.table != table {
            table = &setting.table;
            write!(text, "\n## `[{table}]`\n\n").unwrap();
            text.push_str("| key | flag and variable | default | meaning |\n|---|---|---|---|\n");
        }
        let default = match (setting.plain_default(), &setting.default) {
            (Some(value), _) => format!("`{value}`"),
            (None, Some(words)) => words.clone(),
            (None, None) => "none".to_owned(),
        };
        let choices = setting
            .choices
            .iter()
            .map(|(name, help)| format!("<br>`{name}`: {help}"));
        writeln!(
            text,
            "| `{}` | `--{} {}`<br>`{}` | {default} | {}{} |",
            setting.key,
            setting.flag,
            setting.takes,
            setting.variable,
            setting.meaning,
            choices.collect::<String>(),
        )
        .unwrap();
    }
    text
}

#[test]
fn the_page_is_what_the_program_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    let text = fs_err::read_to_string(&page).unwrap();
    let (before, written) = text.split_once(MARK).unwrap();
    let tables = tables();
    if written != tables {
        fs_err::write(&page, format!("{before}{MARK}{tables}")).unwrap();
        panic!(
            "docs/configuration.md was out of date and is written anew: look at it and commit it"
        );
    }
}
