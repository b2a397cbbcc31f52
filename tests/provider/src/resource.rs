//! The pretended account: ids and ARNs of what is made in it, and what cannot be changed in place.

use std::collections::{BTreeMap, BTreeSet};

use crate::provider::Problem;
use crate::schema::{Attribute, Block};
use crate::value::Value;

/// AWS's own example account.
const ACCOUNT: &str = "123456789012";

/// Arguments that a change of makes a new resource of (`ForceNew` in the AWS provider, which no
/// schema says).
const REPLACE: [(&str, &[&[&str]]); 8] = [
    ("aws_s3_bucket", &[&["bucket"]]),
    ("aws_cloudwatch_log_group", &[&["name"]]),
    (
        "aws_cloudwatch_log_stream",
        &[&["name"], &["log_group_name"]],
    ),
    ("aws_cloudwatch_metric_alarm", &[&["alarm_name"]]),
    ("aws_iam_role", &[&["name"]]),
    ("aws_iam_policy", &[&["name"]]),
    (
        "aws_iam_role_policy_attachment",
        &[&["role"], &["policy_arn"]],
    ),
    (
        "aws_kinesis_firehose_delivery_stream",
        &[
            &["name"],
            &["destination"],
            &[
                "extended_s3_configuration",
                "dynamic_partitioning_configuration",
                "enabled",
            ],
        ],
    ),
];

/// Follows names, through the first of a list of blocks.
fn at<'value>(value: &'value Value, path: &[&str]) -> Option<&'value Value> {
    let mut value = value;
    for name in path {
        if let Value::List(items) = value {
            value = items.first()?;
        }
        value = value.get(name)?;
    }
    Some(value)
}

/// The arguments whose change needs a new resource.
pub fn replaced(kind: &str, prior: &Value, planned: &Value) -> Vec<&'static [&'static str]> {
    let of_kind = REPLACE.iter().find(|(name, _)| *name == kind);
    let paths = of_kind.map_or(&[][..], |(_, paths)| paths);
    let changed = |path: &&&'static [&'static str]| at(prior, path) != at(planned, path);
    paths.iter().filter(changed).copied().collect()
}

/// Where resources are made. It lives as long as the provider, so for one command.
#[derive(Debug)]
pub struct Account {
    region: Option<String>,
    default_tags: BTreeMap<String, Value>,
    /// Type and name of what this command has made, for names that are unique in an account.
    made: BTreeSet<(String, String)>,
}

impl Account {
    /// An empty account, in the default chain's region.
    pub fn new(region: Option<String>) -> Self {
        Self {
            region,
            default_tags: BTreeMap::new(),
            made: BTreeSet::new(),
        }
    }

    /// Takes the provider's block.
    pub fn configure(&mut self, config: &Value) {
        if let Some(region) = config.text("region") {
            self.region = Some(region.to_owned());
        }
        let tags = config
            .items("default_tags")
            .first()
            .and_then(|block| block.get("tags"));
        if let Some(Value::Map(tags)) = tags {
            self.default_tags = tags.clone();
        }
    }

    /// The default chain without a region is an error at AWS; here tests always set one.
    fn region(&self) -> &str {
        self.region.as_deref().unwrap_or("us-east-1")
    }

    /// `tags_all` is the provider's tags and the resource's own.
    pub fn tag(&self, planned: &mut Value) {
        let Value::Map(members) = planned else { return };
        if !members.contains_key("tags_all") {
            return;
        }
        let mut all = self.default_tags.clone();
        if let Some(Value::Map(own)) = members.get("tags") {
            all.extend(own.clone());
        }
        members.insert("tags_all".into(), Value::Map(all));
    }

    /// Gives everything that is unknown a value that looks as AWS's would.
    pub fn fill(&self, kind: &str, block: &Block, state: &mut Value) {
        let name = own_name(kind, state);
        let arn = self.arn(kind, &name, state);
        block.each(state, &mut |attribute_name, attribute, value| {
            if *value == Value::Unknown {
                *value = self.value(kind, attribute_name, attribute, &name, &arn);
            }
        });
    }

    fn value(
        &self,
        kind: &str,
        attribute: &str,
        schema: &Attribute,
        name: &str,
        arn: &str,
    ) -> Value {
        match (kind, attribute) {
            (_, "arn") => arn.into(),
            (_, "account_id") => ACCOUNT.into(),
            ("aws_region", "name" | "id") | (_, "region" | "bucket_region") => self.region().into(),
            ("aws_partition", "partition" | "id") => "aws".into(),
            ("aws_iam_policy" | "aws_sns_topic", "id") => arn.into(),
            ("aws_kinesis_firehose_delivery_stream", "id") => arn.into(),
            ("aws_kinesis_firehose_delivery_stream", "destination_id") => {
                "destinationId-000000000001".into()
            }
            ("aws_kinesis_firehose_delivery_stream", "version_id") => "1".into(),
            (_, "id") => name.into(),
            _ => match schema.r#type.as_str() {
                Some("bool") => Value::Bool(false),
                Some("number") => Value::Number(0.into()),
                Some(_) => "".into(),
                None if schema.r#type[0] == "map" => Value::Map(BTreeMap::new()),
                None => Value::List(Vec::new()),
            },
        }
    }

    fn arn(&self, kind: &str, name: &str, state: &Value) -> String {
        let region = self.region();
        match kind {
            "aws_s3_bucket" => format!("arn:aws:s3:::{name}"),
            "aws_iam_role" => format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            "aws_iam_policy" => format!("arn:aws:iam::{ACCOUNT}:policy/{name}"),
            "aws_cloudwatch_log_group" => {
                format!("arn:aws:logs:{region}:{ACCOUNT}:log-group:{name}")
            }
            "aws_cloudwatch_log_stream" => {
                let group = state.text("log_group_name").unwrap_or_default();
                format!("arn:aws:logs:{region}:{ACCOUNT}:log-group:{group}:log-stream:{name}")
            }
            "aws_cloudwatch_metric_alarm" => {
                format!("arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:{name}")
            }
            "aws_kinesis_firehose_delivery_stream" => {
                format!("arn:aws:firehose:{region}:{ACCOUNT}:deliverystream/{name}")
            }
            "aws_sns_topic" => format!("arn:aws:sns:{region}:{ACCOUNT}:{name}"),
            _ => format!("arn:aws:iam::{ACCOUNT}:user/stand-in"),
        }
    }

    /// Makes a resource: its name must be free.
    pub fn create(&mut self, kind: &str, state: &Value) -> Option<Problem> {
        let name = own_name(kind, state);
        let taken = !self.made.insert((kind.to_owned(), name.clone()));
        (taken && is_named(kind)).then(|| Problem {
            path: &[],
            what: format!("{kind} {name} already exists"),
        })
    }

    /// Deletes a resource.
    pub fn forget(&mut self, kind: &str, state: &Value) {
        self.made.remove(&(kind.to_owned(), own_name(kind, state)));
    }
}

/// Whether two of a kind cannot have one name.
fn is_named(kind: &str) -> bool {
    matches!(
        kind,
        "aws_s3_bucket"
            | "aws_iam_role"
            | "aws_iam_policy"
            | "aws_cloudwatch_log_group"
            | "aws_cloudwatch_metric_alarm"
            | "aws_kinesis_firehose_delivery_stream"
    )
}

/// What a resource is called: the argument that its kind is named by.
fn own_name(kind: &str, state: &Value) -> String {
    let argument = match kind {
        "aws_cloudwatch_metric_alarm" => "alarm_name",
        _ if state.text("bucket").is_some() => "bucket",
        "aws_iam_role_policy_attachment" => "policy_arn",
        _ => "name",
    };
    state.text(argument).unwrap_or(kind).to_owned()
}
