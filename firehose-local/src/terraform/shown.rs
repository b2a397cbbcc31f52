//! Delivery streams out of `terraform show -json`, of a state or of a plan: every expression is
//! evaluated there. What a plan cannot know yet is looked up in what it refers to.

use super::RESOURCE;
use serde_json::{Map, Value};

/// A delivery stream's address and values, as [`super::stream`] takes them.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// `module.lake.aws_kinesis_firehose_delivery_stream.clickstream`.
    pub address: String,
    /// Its arguments, evaluated.
    pub values: Value,
}

/// Whether it is a plan that is shown, and no state.
pub fn is_plan(shown: &Value) -> bool {
    shown.get("planned_values").is_some()
}

/// Every delivery stream of a state or a plan; none where nothing was applied.
pub fn streams(shown: &Value) -> Vec<Found> {
    let mut found = Vec::new();
    match shown.get("planned_values") {
        Some(planned) => {
            let configuration = &shown["configuration"]["root_module"];
            collect(&planned["root_module"], Some(configuration), &mut found);
        }
        None => collect(&shown["values"]["root_module"], None, &mut found),
    }
    found
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn collect(module: &Value, configuration: Option<&Value>, found: &mut Vec<Found>) {
    for resource in list(module, "resources") {
        if resource["mode"] == "managed" && resource["type"] == RESOURCE {
            let mut values = resource["values"].clone();
            if let Some(configuration) = configuration {
                look_up_bucket(&mut values, resource, module, configuration);
            }
            found.push(Found {
                address: resource["address"].as_str().unwrap_or_default().to_owned(),
                values,
            });
        }
    }
    for child in list(module, "child_modules") {
        let name = child["address"].as_str().and_then(|address| {
            let (_, last) = address.rsplit_once("module.")?;
            last.split('[').next()
        });
        let of_child = configuration
            .zip(name)
            .map(|(configuration, name)| &configuration["module_calls"][name]["module"]);
        collect(child, of_child, found);
    }
}

/// A bucket that is planned has no ARN yet, but a name that makes it.
fn look_up_bucket(values: &mut Value, resource: &Value, module: &Value, configuration: &Value) {
    let configured = list(configuration, "resources")
        .iter()
        .find(|other| other["type"] == resource["type"] && other["name"] == resource["name"]);
    let Some(configured) = configured else { return };
    for block in ["extended_s3_configuration", "s3_configuration"] {
        let destination = values[block].get_mut(0).and_then(Value::as_object_mut);
        let Some(destination) = destination else {
            continue;
        };
        if destination
            .get("bucket_arn")
            .is_some_and(|arn| !arn.is_null())
        {
            continue;
        }
        let expression = &configured["expressions"][block][0]["bucket_arn"];
        if let Some(arn) = planned_bucket(expression, module) {
            set(destination, "bucket_arn", arn);
        }
    }
}

fn set(block: &mut Map<String, Value>, name: &str, text: String) {
    block.insert(name.to_owned(), Value::String(text));
}

/// The ARN that a reference such as `aws_s3_bucket.raw.arn` will have.
fn planned_bucket(expression: &Value, module: &Value) -> Option<String> {
    let mut references = list(expression, "references").iter();
    let address = references.find_map(|reference| reference.as_str()?.strip_suffix(".arn"))?;
    let mut resources = list(module, "resources").iter();
    let bucket = resources.find(|resource| resource["address"] == address)?;
    let name = bucket["values"]["bucket"].as_str()?;
    (bucket["type"] == "aws_s3_bucket").then(|| format!("arn:aws:s3:::{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn resource(address: &str, values: Value) -> Value {
        let (kind, name) = address.split_once('.').unwrap();
        json!({"address": address, "mode": "managed", "type": kind, "name": name, "values": values})
    }

    #[test]
    fn streams_of_modules_are_found() {
        let inner = resource(
            "aws_kinesis_firehose_delivery_stream.x",
            json!({"name": "x"}),
        );
        let state = json!({"values": {"root_module": {
            "resources": [resource("aws_s3_bucket.raw", json!({}))],
            "child_modules": [{"address": "module.lake", "resources": [inner]}],
        }}});
        let found = streams(&state);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].values["name"], "x");
        assert!(streams(&json!({"format_version": "1.0"})).is_empty());
    }

    #[test]
    fn a_planned_bucket_is_known_by_its_name() {
        let stream = resource(
            "aws_kinesis_firehose_delivery_stream.x",
            json!({"extended_s3_configuration": [{"prefix": "a/"}]}),
        );
        let module = json!({
            "address": "module.lake[0]",
            "resources": [stream, resource("aws_s3_bucket.raw", json!({"bucket": "lake-raw"}))],
        });
        let references = json!({"references": ["aws_s3_bucket.raw.arn", "aws_s3_bucket.raw"]});
        let configured = json!({"resources": [{
            "type": RESOURCE,
            "name": "x",
            "expressions": {"extended_s3_configuration": [{"bucket_arn": references}]},
        }]});
        let plan = json!({
            "planned_values": {"root_module": {"child_modules": [module]}},
            "configuration": {"root_module": {"module_calls": {"lake": {"module": configured}}}},
        });
        assert!(is_plan(&plan));
        let found = streams(&plan);
        let destination = &found[0].values["extended_s3_configuration"][0];
        assert_eq!(destination["bucket_arn"], "arn:aws:s3:::lake-raw");
    }
}
