//! The provider's methods: what Terraform asks, and in which order its values go through
//! schema, checks and the pretended account.

use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use prost::Message;

use crate::message::{
    ApplyRequest, ApplyResponse, AttributePath, ConfigRequest, ConfigureRequest, Diagnostic,
    DiagnosticsResponse, DynamicValue, PlanRequest, PlanResponse, ReadResourceRequest, Selector,
    Severity, StateResponse, Step, UpgradeResourceStateRequest, ValidateProviderConfigRequest,
};
use crate::resource::Account;
use crate::schema::{Block, Published};
use crate::value::Value;
use crate::{check, policy, resource};

/// What is wrong with one argument.
#[derive(Debug, PartialEq)]
pub struct Problem {
    /// Names from the resource down to the argument, without positions.
    pub path: &'static [&'static str],
    /// What is wrong.
    pub what: String,
}

/// A running provider.
#[derive(Debug)]
pub struct Provider {
    published: Published,
    account: Mutex<Account>,
}

impl Provider {
    /// A provider whose default chain knows this region.
    pub fn new(region: Option<String>) -> anyhow::Result<Self> {
        Ok(Self {
            published: Published::read()?,
            account: Mutex::new(Account::new(region)),
        })
    }

    /// Answers a call; `None` for a method that no provider of resources needs.
    pub fn call(&self, method: &str, message: &[u8]) -> anyhow::Result<Option<Vec<u8>>> {
        let answer = match method {
            "GetProviderSchema" => self.published.message().encode_to_vec(),
            "ValidateProviderConfig" => {
                let call = ValidateProviderConfigRequest::decode(message)?;
                value(call.config.as_ref())?;
                DiagnosticsResponse::default().encode_to_vec()
            }
            "ConfigureProvider" => {
                let call = ConfigureRequest::decode(message)?;
                self.account().configure(&value(call.config.as_ref())?);
                DiagnosticsResponse::default().encode_to_vec()
            }
            "ValidateResourceConfig" => {
                let call = ConfigRequest::decode(message)?;
                let block = self.resource(&call.type_name)?;
                let mut config = value(call.config.as_ref())?;
                let mut problems = check::resource(&call.type_name, &config);
                problems.extend(check::decided_by_aws(block, &mut config));
                let diagnostics = diagnostics(problems);
                DiagnosticsResponse { diagnostics }.encode_to_vec()
            }
            "ValidateDataResourceConfig" => {
                let call = ConfigRequest::decode(message)?;
                self.data(&call.type_name)?;
                DiagnosticsResponse::default().encode_to_vec()
            }
            "UpgradeResourceState" => upgrade(&UpgradeResourceStateRequest::decode(message)?)?,
            "ReadResource" => {
                // Nobody else changes this account.
                let call = ReadResourceRequest::decode(message)?;
                self.resource(&call.type_name)?;
                let state = call.current_state;
                let diagnostics = Vec::new();
                StateResponse { state, diagnostics }.encode_to_vec()
            }
            "PlanResourceChange" => self.plan(&PlanRequest::decode(message)?)?,
            "ApplyResourceChange" => self.apply(&ApplyRequest::decode(message)?)?,
            "ReadDataSource" => self.read(&ConfigRequest::decode(message)?)?,
            // "" is: no error.
            "StopProvider" => Vec::new(),
            _ => return Ok(None),
        };
        Ok(Some(answer))
    }

    fn account(&self) -> std::sync::MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn resource(&self, name: &str) -> anyhow::Result<&Block> {
        let known = self.published.resource.get(name);
        known.with_context(|| format!("no resource {name} in the committed schema"))
    }

    fn data(&self, name: &str) -> anyhow::Result<&Block> {
        let known = self.published.data.get(name);
        known.with_context(|| format!("no data source {name} in the committed schema"))
    }

    fn plan(&self, call: &PlanRequest) -> anyhow::Result<Vec<u8>> {
        let block = self.resource(&call.type_name)?;
        let prior = value(call.prior_state.as_ref())?;
        let mut planned = value(call.proposed_new_state.as_ref())?;
        if planned == Value::Null {
            let planned_state = call.proposed_new_state.clone();
            return Ok(PlanResponse {
                planned_state,
                ..PlanResponse::default()
            }
            .encode_to_vec());
        }
        block.each(&mut planned, &mut |_, attribute, value| {
            if attribute.computed && *value == Value::Null {
                *value = Value::Unknown;
            }
        });
        self.account().tag(&mut planned);
        let diagnostics = diagnostics(check::resource(&call.type_name, &planned));
        let requires_replace = match &prior {
            Value::Null => Vec::new(),
            prior => resource::replaced(&call.type_name, prior, &planned),
        };
        Ok(PlanResponse {
            planned_state: Some(dynamic(&planned)?),
            requires_replace: requires_replace.into_iter().map(path).collect(),
            diagnostics,
        }
        .encode_to_vec())
    }

    fn apply(&self, call: &ApplyRequest) -> anyhow::Result<Vec<u8>> {
        let block = self.resource(&call.type_name)?;
        let prior = value(call.prior_state.as_ref())?;
        let mut state = value(call.planned_state.as_ref())?;
        let mut account = self.account();
        if state == Value::Null {
            account.forget(&call.type_name, &prior);
            let new_state = call.planned_state.clone();
            return Ok(ApplyResponse {
                new_state,
                ..ApplyResponse::default()
            }
            .encode_to_vec());
        }
        account.fill(&call.type_name, block, &mut state);
        let mut problems = check::resource(&call.type_name, &state);
        if prior == Value::Null && problems.is_empty() {
            problems.extend(account.create(&call.type_name, &state));
        }
        // What was not made leaves nothing in the state.
        let new_state = match problems.is_empty() {
            true => dynamic(&state)?,
            false => dynamic(&prior)?,
        };
        Ok(ApplyResponse {
            new_state: Some(new_state),
            diagnostics: diagnostics(problems),
        }
        .encode_to_vec())
    }

    fn read(&self, call: &ConfigRequest) -> anyhow::Result<Vec<u8>> {
        let block = self.data(&call.type_name)?;
        let mut state = value(call.config.as_ref())?;
        if call.type_name == "aws_iam_policy_document" {
            let json = policy::document(&state);
            if let Value::Map(members) = &mut state {
                let pretty = serde_json::to_string_pretty(&json)?;
                members.insert("json".into(), pretty.into());
                members.insert("minified_json".into(), json.to_string().into());
            }
        }
        block.each(&mut state, &mut |_, attribute, value| {
            if attribute.computed && *value == Value::Null {
                *value = Value::Unknown;
            }
        });
        self.account().fill(&call.type_name, block, &mut state);
        let state = Some(dynamic(&state)?);
        let diagnostics = Vec::new();
        Ok(StateResponse { state, diagnostics }.encode_to_vec())
    }
}

/// The state as it is: there was never another schema.
fn upgrade(call: &UpgradeResourceStateRequest) -> anyhow::Result<Vec<u8>> {
    let raw = call.raw_state.as_ref().context("no state")?;
    let state = Some(DynamicValue {
        msgpack: Vec::new(),
        json: raw.json.clone(),
    });
    let diagnostics = Vec::new();
    Ok(StateResponse { state, diagnostics }.encode_to_vec())
}

fn value(value: Option<&DynamicValue>) -> anyhow::Result<Value> {
    value.map_or(Ok(Value::Null), |value| Value::read(&value.msgpack))
}

fn dynamic(value: &Value) -> anyhow::Result<DynamicValue> {
    Ok(DynamicValue {
        msgpack: value.write()?,
        json: Vec::new(),
    })
}

/// Blocks in blocks are lists of one here, so their first is meant.
fn path(names: &'static [&'static str]) -> AttributePath {
    let mut steps = Vec::new();
    for (depth, name) in names.iter().enumerate() {
        if depth > 0 {
            steps.push(Step {
                selector: Some(Selector::ElementKeyInt(0)),
            });
        }
        let selector = Some(Selector::AttributeName((*name).to_owned()));
        steps.push(Step { selector });
    }
    AttributePath { steps }
}

fn diagnostics(problems: Vec<Problem>) -> Vec<Diagnostic> {
    let diagnostic = |problem: Problem| Diagnostic {
        severity: Severity::Error.into(),
        summary: problem.what,
        detail: String::new(),
        attribute: (!problem.path.is_empty()).then(|| path(problem.path)),
    };
    problems.into_iter().map(diagnostic).collect()
}
