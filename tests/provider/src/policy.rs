//! `aws_iam_policy_document`, evaluated: statements in, the policy's JSON out, as the AWS
//! provider writes it (a list of one is written as the one).

use serde_json::{Map, Value as Json, json};

use crate::value::Value;

/// The policy that a document's configuration makes.
pub fn document(config: &Value) -> Json {
    let mut policy = Map::new();
    let version = config.text("version").unwrap_or("2012-10-17");
    policy.insert("Version".into(), version.into());
    if let Some(id) = config.text("policy_id") {
        policy.insert("Id".into(), id.into());
    }
    let statements = config.items("statement").iter().map(statement);
    policy.insert("Statement".into(), statements.collect());
    Json::Object(policy)
}

fn statement(block: &Value) -> Json {
    let mut statement = Map::new();
    if let Some(sid) = block.text("sid") {
        statement.insert("Sid".into(), sid.into());
    }
    statement.insert(
        "Effect".into(),
        block.text("effect").unwrap_or("Allow").into(),
    );
    for (name, member) in [
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ] {
        let texts = block.texts(name);
        if !texts.is_empty() {
            statement.insert(member.into(), one_or_many(texts));
        }
    }
    for (name, member) in [
        ("principals", "Principal"),
        ("not_principals", "NotPrincipal"),
    ] {
        let mut principals = Map::new();
        for principal in block.items(name) {
            let kind = principal.text("type").unwrap_or_default();
            principals.insert(kind.into(), one_or_many(principal.texts("identifiers")));
        }
        if principals.get("*") == Some(&json!("*")) {
            statement.insert(member.into(), "*".into());
        } else if !principals.is_empty() {
            statement.insert(member.into(), Json::Object(principals));
        }
    }
    let mut conditions = Map::new();
    for condition in block.items("condition") {
        let test = condition.text("test").unwrap_or_default();
        let variable = condition.text("variable").unwrap_or_default();
        let of_test = conditions.entry(test).or_insert_with(|| json!({}));
        if let Json::Object(of_test) = of_test {
            of_test.insert(variable.into(), one_or_many(condition.texts("values")));
        }
    }
    if !conditions.is_empty() {
        statement.insert("Condition".into(), Json::Object(conditions));
    }
    Json::Object(statement)
}

fn one_or_many(mut texts: Vec<String>) -> Json {
    texts.sort();
    match &texts[..] {
        [one] => one.as_str().into(),
        _ => texts.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(texts: &[&str]) -> Value {
        Value::List(texts.iter().map(|text| (*text).into()).collect())
    }

    fn block(members: &[(&str, Value)]) -> Value {
        let members = members.iter().cloned();
        Value::Map(
            members
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }

    #[test]
    fn a_document_is_the_policy_that_aws_reads() {
        let principal = block(&[
            ("type", "Service".into()),
            ("identifiers", list(&["a.com"])),
        ]);
        let condition = block(&[
            ("test", "StringEquals".into()),
            ("variable", "sts:ExternalId".into()),
            ("values", list(&["1"])),
        ]);
        let statement = block(&[
            ("sid", "Trust".into()),
            ("actions", list(&["s3:b", "s3:a"])),
            ("principals", Value::List(vec![principal])),
            ("condition", Value::List(vec![condition])),
        ]);
        let config = block(&[("statement", Value::List(vec![statement]))]);
        assert_eq!(
            document(&config),
            json!({"Version": "2012-10-17", "Statement": [{
                "Sid": "Trust",
                "Effect": "Allow",
                "Action": ["s3:a", "s3:b"],
                "Principal": {"Service": "a.com"},
                "Condition": {"StringEquals": {"sts:ExternalId": "1"}},
            }]})
        );
    }
}
