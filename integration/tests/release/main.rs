//! A release: what it refuses to be made of.

mod refusals;
