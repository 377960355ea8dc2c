//! What the Markdown files say can be followed: links lead somewhere, commands name what is there, configurations are
//! taken, and what is printed or claimed is what Envoy does.

mod commands;
mod developers;
mod edits;
mod facts;
mod failures;
mod links;
mod observed;
mod pages;
mod places;
mod requirements;
mod seal;
mod snippets;
