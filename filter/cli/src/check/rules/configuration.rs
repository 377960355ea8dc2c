//! Whether the filter takes the configuration, and gets it at all.

use std::rc::Rc;

use tenancy_filter::Severity;

use crate::document::Node;

use super::super::{Code, Finding};
use super::{Deployed, Mesh};

/// These errors are at the key: the value may be right somewhere else.
const UNKNOWN: &str = "unknown field";

pub(crate) fn found_by_the_filter(mesh: &Mesh<'_>) -> Vec<Finding> {
    let readable = mesh.instances.iter().filter(|deployed| wrong_type(deployed).is_none());
    readable.flat_map(findings).collect()
}

fn findings(deployed: &Deployed<'_>) -> Vec<Finding> {
    let finding = |tenancy_filter::Finding { severity, path, message }: &tenancy_filter::Finding| {
        let message = without_position(message);
        let code = match severity {
            Severity::Error => Code::Configuration,
            Severity::Warning => Code::InVain,
        };
        match message.starts_with(UNKNOWN) {
            true => deployed.at_key(code, path, message),
            false => deployed.in_configuration(code, path, message),
        }
    };
    deployed.findings.iter().map(finding).collect()
}

/// A message of `serde_json` without the position in the JSON, which is not that in the file.
fn without_position(message: &str) -> String {
    let number = |text: &str| text.trim_start_matches(|digit: char| digit.is_ascii_digit()).to_owned();
    let position = message.split_once(" at line ").and_then(|(before, position)| {
        let behind = number(number(position).strip_prefix(" column ")?);
        Some(format!("{before}{behind}"))
    });
    position.unwrap_or_else(|| message.to_owned())
}

/// Envoy passes on the text of a StringValue, and the protobuf encoding of everything else except bytes.
pub(crate) fn not_text(mesh: &Mesh<'_>) -> Vec<Finding> {
    let finding = |deployed: &Deployed<'_>| {
        let node = wrong_type(deployed)?;
        let found = node.text().map_or_else(|| "fields without a type".to_owned(), |text| format!("a {text}"));
        Some(deployed.around(Code::NotText, &node, format!("is {found}, so the module cannot read it as JSON")))
    };
    mesh.instances.iter().filter_map(finding).collect()
}

/// The type of the configuration in an Envoy configuration, if it is none for text; without a type the configuration.
fn wrong_type(deployed: &Deployed<'_>) -> Option<Rc<Node>> {
    let configuration = deployed.plugin()?.field("configuration")?;
    let kind = configuration.field("@type").unwrap_or(configuration);
    let is_text = kind.text().is_some_and(|kind| kind.ends_with("google.protobuf.StringValue"));
    (!is_text).then(|| kind.clone())
}
