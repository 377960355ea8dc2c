//! The rules, each in a few lines: what it reads of all instances, and what is wrong.

mod configuration;
mod envoy_gateway;
mod failure;
mod gateway;
mod order;
mod placeholder;
mod priority;
mod provider;
mod seal;
mod strip;
mod waypoint;

use super::Finding;
use super::deployed::{Deployed, Document, Mesh};

type Rule = fn(&Mesh<'_>) -> Vec<Finding>;

/// All of them; a finding of an earlier one comes before those of later ones at the same place.
pub(super) const RULES: [Rule; 20] = [
    configuration::found_by_the_filter,
    configuration::not_text,
    failure::fails_open,
    failure::matches_server,
    order::strips_late,
    priority::strips_behind_a_plugin,
    order::strips_nothing_first,
    order::reads_token_early,
    strip::leaves_for_later,
    strip::lets_pass_into_the_mesh,
    provider::checks_no_issuer,
    envoy_gateway::switched_off,
    envoy_gateway::not_removed_early,
    envoy_gateway::payload_unknown,
    waypoint::never_attaches,
    waypoint::is_a_sidecars,
    gateway::believes_clients,
    seal::is_not_believed,
    seal::has_no_key,
    placeholder::left_in,
];
