//! A bucket in S3: AWS's, or that of any server which speaks its API. An object is one PUT, a large one
//! a multipart upload; either appears as a whole or not at all.

mod path;
mod upload;

use super::folder::Folder;
use super::keys::Keys;
use super::{KEPT, Name, Parcel};
use crate::config::{Compression, StreamConfig};
use crate::object::uuid;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::{Attribute, Attributes, Error, RetryConfig};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use upload::Upload;

/// Uploads at once, of one stream or of all together: each holds one part in memory.
pub(super) const UPLOADS: usize = 16;

/// A request is done again so often at once. After that the object waits for its turn, as one does that
/// a folder refuses.
const RETRIES: usize = 2;
const RETRY_TIMEOUT: Duration = Duration::from_secs(10);

/// Why S3 cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum S3Error {
    /// An endpoint that is no URL.
    #[error(
        "{0} is no address of S3: write one such as http://127.0.0.1:9000, or none for AWS's own"
    )]
    Endpoint(String),
    /// A variable that makes no sense.
    #[error("S3 cannot be used with the AWS_… variables as they are: {0}")]
    Variables(Error),
}

/// Where S3 is, and who asks.
#[derive(Clone)]
pub struct S3 {
    builder: Arc<AmazonS3Builder>,
    runtime: Handle,
    places: Arc<Semaphore>,
    /// Whether answers are still waited for.
    given_up: Arc<watch::Sender<bool>>,
    /// A client of each bucket, and of the region it is asked in: streams share them.
    clients: Arc<Mutex<HashMap<(String, String), AmazonS3>>>,
}

impl std::fmt::Debug for S3 {
    /// Without the credentials.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("S3").finish_non_exhaustive()
    }
}

impl S3 {
    /// AWS's S3, or the server at `endpoint`, as the AWS_… variables say: keys, region, endpoint.
    /// Without encryption only where an endpoint begins with `http://`. Requests run on `runtime`.
    ///
    /// # Errors
    /// An endpoint or a variable that makes no sense.
    pub fn new(
        variables: impl IntoIterator<Item = (String, String)>,
        endpoint: Option<&str>,
        runtime: Handle,
    ) -> Result<Self, S3Error> {
        let mut builder = AmazonS3Builder::new().with_retry(RetryConfig {
            max_retries: RETRIES,
            retry_timeout: RETRY_TIMEOUT,
            ..RetryConfig::default()
        });
        let given = endpoint.map(|url| ("AWS_ENDPOINT_URL_S3".to_owned(), url.to_owned()));
        let variables = variables
            .into_iter()
            .filter(|(name, value)| name.starts_with("AWS_") && !value.is_empty());
        for (name, value) in variables.chain(given) {
            // Others are for other programs.
            if let Ok(key) = name.to_ascii_lowercase().parse() {
                builder = builder.with_config(key, value);
            }
        }
        let endpoint = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint]
            .iter()
            .find_map(|key| builder.get_config_value(key));
        if let Some(endpoint) = endpoint {
            let is_plain = endpoint.starts_with("http://");
            if !is_plain && !endpoint.starts_with("https://") || endpoint.ends_with("://") {
                return Err(S3Error::Endpoint(endpoint));
            }
            builder = builder.with_allow_http(is_plain);
        }
        let s3 = Self {
            builder: Arc::new(builder),
            runtime,
            places: Arc::new(Semaphore::new(UPLOADS)),
            given_up: Arc::new(watch::Sender::new(false)),
            clients: Arc::default(),
        };
        s3.client("any", "us-east-1").map_err(S3Error::Variables)?;
        Ok(s3)
    }

    /// A client of a bucket: in the region of the variables, else in this one.
    fn client(&self, bucket: &str, region: &str) -> object_store::Result<AmazonS3> {
        let mut builder = (*self.builder).clone().with_bucket_name(bucket);
        if builder
            .get_config_value(&AmazonS3ConfigKey::Region)
            .is_none()
        {
            builder = builder.with_region(region);
        }
        builder.build()
    }

    /// A stream's bucket. Nothing is asked of it: as at AWS a stream can be made before its bucket.
    ///
    /// # Errors
    /// A bucket that makes no address.
    pub(super) fn bucket(&self, dir: &Path, config: &StreamConfig) -> io::Result<Bucket> {
        let of = (config.bucket.clone(), config.region.clone());
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let client = match clients.get(&of) {
            Some(client) => client.clone(),
            None => {
                let client = self.client(&of.0, &of.1).map_err(io::Error::other)?;
                clients.insert(of, client.clone());
                client
            }
        };
        drop(clients);
        Ok(Bucket {
            client,
            s3: self.clone(),
            keys: Keys::new(&dir.join(&config.bucket)),
            kept: dir.join(KEPT),
        })
    }

    /// Refuses what waits for S3 now, and from now on.
    pub(super) fn give_up(&self) {
        self.given_up.send_replace(true);
    }

    /// What a request came to, unless it is waited for no more.
    fn wait<T>(&self, request: impl Future<Output = object_store::Result<T>>) -> io::Result<T> {
        let mut given_up = self.given_up.subscribe();
        self.runtime.block_on(async {
            tokio::select! {
                answer = request => answer.map_err(refused),
                // The sender lives in `self`: waiting cannot fail.
                _ = given_up.wait_for(|given_up| *given_up) => {
                    Err(io::Error::new(io::ErrorKind::TimedOut, "S3 has not answered until the end"))
                }
            }
        })
    }
}

/// One bucket in S3.
#[derive(Debug)]
pub(super) struct Bucket {
    client: AmazonS3,
    s3: S3,
    keys: Keys,
    /// Where its objects go in the end if S3 does not take them.
    kept: PathBuf,
}

impl Bucket {
    /// Uploads an object, and gives its key.
    pub(super) fn put(&self, parcel: &Parcel<'_>) -> io::Result<String> {
        let Parcel {
            stream,
            object,
            name: Name { at_ms, random },
        } = *parcel;
        // Never closed: there is always a place to come.
        let _place = self.s3.wait(async { Ok(self.s3.places.acquire().await) })?;
        let key = stream.s3_key(&object.prefix.text, at_ms, random);
        let path = path::of(&key);
        let compression = stream.config().compression;
        let upload = Upload::new(&self.client, &path, attributes(compression), &self.s3);
        // The entry of a ZIP is named with a UUID, too.
        let entry = uuid(random);
        object.body.pack(compression, upload, &entry)?.finish()?;
        self.keys.list_if_other(&key, path.as_ref());
        Ok(String::from(path))
    }

    /// Puts an object away in a folder.
    pub(super) fn put_away(&self, parcel: &Parcel<'_>) -> io::Result<()> {
        let config = parcel.stream.config();
        let put = Folder::open(&self.kept, config)?.put(std::slice::from_ref(parcel));
        for place in put {
            let place = self.kept.join(&config.bucket).join(place?);
            tracing::error!(
                stream = config.name,
                records = parcel.object.records,
                "S3 has not taken an object until the end: it is kept as {}",
                place.display()
            );
        }
        Ok(())
    }
}

/// What AWS says of an object's bytes beside them ("Amazon S3 Object Name Format").
fn attributes(compression: Compression) -> Attributes {
    let mut attributes = Attributes::new();
    attributes.insert(Attribute::ContentType, "application/octet-stream".into());
    if let Some(encoding) = compression.content_encoding() {
        attributes.insert(Attribute::ContentEncoding, encoding.into());
    }
    attributes
}

/// S3's answer as a disk would have given it.
fn refused(error: Error) -> io::Error {
    let kind = match &error {
        Error::NotFound { .. } => io::ErrorKind::NotFound,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            io::ErrorKind::PermissionDenied
        }
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s3(variables: &[(&str, &str)], endpoint: Option<&str>) -> Result<S3, S3Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let handle = runtime.unwrap().handle().clone();
        S3::new(variables.iter().map(owned), endpoint, handle)
    }

    /// The URL that a bucket is asked by.
    fn asked(s3: &S3) -> String {
        let client = s3.client("raw", "eu-west-2").unwrap();
        format!("{client:?}")
            .split_once("bucket_endpoint: \"")
            .and_then(|(_, rest)| Some(rest.split_once('"')?.0.to_owned()))
            .unwrap()
    }

    #[test]
    fn the_flag_the_variables_and_the_streams_region_say_where_s3_is() {
        let aws = "https://s3.eu-west-2.amazonaws.com/raw";
        assert_eq!(asked(&s3(&[], None).unwrap()), aws);
        assert_eq!(asked(&s3(&[("AWS_ENDPOINT_URL", "")], None).unwrap()), aws);
        let region = [("AWS_REGION", "us-west-1")];
        let there = "https://s3.us-west-1.amazonaws.com/raw";
        assert_eq!(asked(&s3(&region, None).unwrap()), there);
        let variables = [
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:2"),
        ];
        assert_eq!(
            asked(&s3(&variables[..1], None).unwrap()),
            "http://127.0.0.1:1/raw"
        );
        assert_eq!(
            asked(&s3(&variables, None).unwrap()),
            "http://127.0.0.1:2/raw"
        );
        let flag = Some("http://127.0.0.1:3/");
        assert_eq!(
            asked(&s3(&variables, flag).unwrap()),
            "http://127.0.0.1:3/raw"
        );
    }

    #[test]
    fn what_makes_no_sense_is_said_at_the_start_and_no_secret_is() {
        for endpoint in ["127.0.0.1:9000", "ftp://host", "http://"] {
            let error = s3(&[], Some(endpoint)).unwrap_err();
            assert!(error.to_string().starts_with(endpoint), "{error}");
        }
        let error = s3(&[("AWS_ACCESS_KEY_ID", "half")], None).unwrap_err();
        assert!(error.to_string().contains("AWS_"), "{error}");
        let keys = [
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "hush"),
        ];
        assert_eq!(format!("{:?}", s3(&keys, None).unwrap()), "S3 { .. }");
    }
}
