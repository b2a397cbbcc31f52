//! From flags to a shop with a relay: what the demo fills in where nobody said anything.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clickstream_relay::config::flags::{
    IdentityFlags, IntakeFlags, PrivacyFlags, ServerFlags, SinkFlags, SpoolFlags,
};
use clickstream_relay::config::layers::FileError;
use clickstream_relay::config::quantity::Seconds;
use clickstream_relay::config::{Config, ConfigError, Flags};
use clickstream_relay::sink;
use rand::Rng;

use crate::{BROWSER_KEY, SERVER_KEY, SOURCE};

/// What the shop and the relay in it are started with.
#[derive(Debug)]
pub struct Settings {
    /// The relay's.
    pub relay: Config,
    /// The lake's folder; none when events go elsewhere.
    pub lake: PathBuf,
    /// The pages' write key, and the source that it stands for.
    pub write_key: String,
    /// The source of the pages' events.
    pub source: String,
    /// Whether visitors come by https.
    pub https: bool,
}

/// Why the shop cannot be started so.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The relay's settings file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The relay's settings.
    #[error(transparent)]
    Relay(#[from] ConfigError),
    /// The demo's keys are in every page and in the README.
    #[error(
        "{0} can be reached from other machines, and everybody knows the demo's keys: give keys of \
         your own with --write-key browser:{SOURCE}:KEY, or listen on 127.0.0.1"
    )]
    Public(SocketAddr),
    /// No key for the pages.
    #[error("the shop's pages need a key: give one more --write-key browser:{SOURCE}:KEY")]
    NoBrowserKey,
    /// The folder for the shop's data.
    #[error("cannot keep the shop's data: {0}; choose another folder with --data")]
    Data(#[from] io::Error),
}

impl SettingsError {
    /// Whether the command line is to blame rather than the machine.
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Data(_))
    }
}

impl Settings {
    /// Lays `flags` over the demo's own values; makes the folder and, the first
    /// time, the key that signs who is signed in.
    pub fn read(flags: Flags, data: &Path, random: &mut impl Rng) -> Result<Self, SettingsError> {
        let mut flags = flags.over_file()?;
        flags.config = None;
        let listen = flags.server.listen.unwrap_or(LISTEN);
        let public = flags.server.public_url.as_deref();
        let public_https = public.map(|url| url.starts_with("https://"));
        if flags.intake.write_key.is_none() && !listen.ip().is_loopback() {
            return Err(SettingsError::Public(listen));
        }
        fs_err::create_dir_all(data)?;
        let mut flags = flags.over(defaults(data));
        if flags.identity.key.is_none() {
            let file = identity_key(data, random)?;
            flags.identity.key = Some(vec![format!("shop:{}", file.display())]);
        }
        let keys = flags.intake.write_key.as_deref().unwrap_or_default();
        let key = keys.iter().find_map(|key| browser_key(&key.0));
        let (source, write_key) = key.ok_or(SettingsError::NoBrowserKey)?;
        let lake = flags.sink.lake_dir.clone().unwrap_or_default();
        let relay = Config::from_flags(flags)?;
        let https = public_https.unwrap_or(relay.http.scheme() == "https");
        Ok(Self {
            relay,
            lake,
            write_key,
            source,
            https,
        })
    }

    /// Whether events end in the lake's folder.
    pub fn has_lake(&self) -> bool {
        matches!(self.relay.sink, sink::Config::Lake(_))
    }
}

const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

fn defaults(data: &Path) -> Flags {
    Flags {
        config: None,
        server: ServerFlags {
            listen: Some(LISTEN),
            ..ServerFlags::default()
        },
        intake: IntakeFlags {
            write_key: Some(vec![
                format!("browser:{SOURCE}:{BROWSER_KEY}").into(),
                format!("server:{SOURCE}:{SERVER_KEY}").into(),
            ]),
            ..IntakeFlags::default()
        },
        identity: IdentityFlags::default(),
        privacy: PrivacyFlags::default(),
        spool: SpoolFlags {
            dir: Some(data.join("spool")),
            ..SpoolFlags::default()
        },
        sink: SinkFlags {
            lake_dir: Some(data.join("lake")),
            // A demo is looked at: a second is long, the usual minute an age.
            buffer_interval: Some(Seconds(std::time::Duration::from_secs(1))),
            ..SinkFlags::default()
        },
    }
}

/// Source and key of `browser:SOURCE:KEY` (or `browser-trusted:…`).
fn browser_key(text: &str) -> Option<(String, String)> {
    let mut parts = text.trim().splitn(3, ':');
    let kind = parts.next()?;
    let (source, key) = (parts.next()?, parts.next()?);
    (kind == "browser" || kind == "browser-trusted").then(|| (source.to_owned(), key.to_owned()))
}

/// The key's file, made when missing: 256 random bits in hex, for this user's eyes only.
fn identity_key(data: &Path, random: &mut impl Rng) -> io::Result<PathBuf> {
    let file = data.join("identity.key");
    if !file.exists() {
        let mut secret = [0; 32];
        random.fill_bytes(&mut secret);
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        write_private(&file, hex.as_bytes())?;
    }
    Ok(file)
}

fn write_private(file: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let mut options = fs_err::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    fs_err::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut opened = options.open(file)?;
    opened.write_all(bytes)?;
    opened.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn read(flags: Flags, data: &Path) -> Result<Settings, SettingsError> {
        Settings::read(flags, data, &mut StdRng::seed_from_u64(1))
    }

    #[test]
    fn without_flags_everything_is_below_the_data_folder() {
        let data = tempfile::tempdir().unwrap();
        let settings = read(Flags::default(), data.path()).unwrap();
        assert_eq!(settings.lake, data.path().join("lake"));
        assert_eq!(settings.relay.spool.dir, data.path().join("spool"));
        assert_eq!(settings.relay.listen.port(), 8080);
        assert_eq!(settings.write_key, BROWSER_KEY);
        assert_eq!(settings.source, SOURCE);
        assert!(settings.has_lake() && !settings.https);
    }

    #[cfg(unix)]
    #[test]
    fn the_identity_key_is_private_and_made_once() {
        use std::os::unix::fs::PermissionsExt;
        let data = tempfile::tempdir().unwrap();
        let first = read(Flags::default(), data.path()).unwrap();
        let file = data.path().join("identity.key");
        let mode = fs_err::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut other = StdRng::seed_from_u64(2);
        let second = Settings::read(Flags::default(), data.path(), &mut other).unwrap();
        assert!(first.relay.identity.keys == second.relay.identity.keys);
    }

    #[test]
    fn the_demos_keys_are_for_this_machine_alone() {
        let data = tempfile::tempdir().unwrap();
        let mut flags = Flags::default();
        flags.server.listen = Some(([0, 0, 0, 0], 8080).into());
        let error = read(flags.clone(), data.path()).unwrap_err();
        assert!(matches!(error, SettingsError::Public(_)), "{error}");
        flags.intake.write_key = Some(vec!["server:s:k".into()]);
        let error = read(flags.clone(), data.path()).unwrap_err();
        assert!(matches!(error, SettingsError::NoBrowserKey), "{error}");
        flags.intake.write_key = Some(vec!["server:s:k".into(), "browser:mine:own".into()]);
        let settings = read(flags, data.path()).unwrap();
        assert_eq!(
            (settings.source.as_str(), settings.write_key.as_str()),
            ("mine", "own")
        );
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let data = tempfile::NamedTempFile::new().unwrap();
        let error = read(Flags::default(), &data.path().join("below")).unwrap_err();
        let told = error.to_string();
        assert!(told.contains("--data") && !error.is_usage(), "{told}");
    }
}
