//! The JSON Schemas of what the tracker makes, as types of other languages are printed from them.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use crate::action::{ElementClicked, FormFilled, Link, PageLeft, PageViewed, RageClicked};
use crate::context::Context;
use crate::event::Event;
use crate::kind::EventType;
use crate::observed::{
    DeadClicked, ElementViewed, ErrorOccurred, ErrorsCounted, ProductsSearched, WebVitals,
};

impl JsonSchema for EventType {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("EventType")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What kind of call an event is.",
            "enum": Self::ALL.map(Self::as_str),
        })
    }
}

/// An event as a client makes it, its context and the properties of what is recorded without a
/// call: a schema for each type, by its name. What is written by hand (`context` of an event) is not
/// in them.
#[must_use]
pub fn sent_schemas() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut generator = settings.into_generator();
    for schema in [
        SchemaGenerator::subschema_for::<Event<'_>>,
        SchemaGenerator::subschema_for::<Context<'_>>,
        SchemaGenerator::subschema_for::<PageViewed<'_>>,
        SchemaGenerator::subschema_for::<ElementClicked<'_>>,
        SchemaGenerator::subschema_for::<Link<'_>>,
        SchemaGenerator::subschema_for::<RageClicked<'_>>,
        SchemaGenerator::subschema_for::<PageLeft>,
        SchemaGenerator::subschema_for::<FormFilled<'_>>,
        SchemaGenerator::subschema_for::<WebVitals>,
        SchemaGenerator::subschema_for::<ErrorOccurred<'_>>,
        SchemaGenerator::subschema_for::<ErrorsCounted>,
        SchemaGenerator::subschema_for::<DeadClicked<'_>>,
        SchemaGenerator::subschema_for::<ElementViewed<'_>>,
        SchemaGenerator::subschema_for::<ProductsSearched<'_>>,
    ] {
        schema(&mut generator);
    }
    generator.take_definitions(true)
}
