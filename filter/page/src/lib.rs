//! The page: a question in JSON, an answer in JSON, and nothing else. The browser has what people see.
//!
//! ```
//! let question = r#"{
//!     "documents": "{version: 1, role: edge, strip: [x-tenant]}",
//!     "request": {"head": "GET / HTTP/1.1\nHost: shop\nX-Tenant: evil"}
//! }"#;
//! let answer: serde_json::Value = serde_json::from_str(&tenancy_page::answer(question))?;
//! assert_eq!(answer["whole"]["lines"][4]["change"], "stripped");
//! assert_eq!(answer["whole"]["lines"][4]["name"], "x-tenant");
//! # Ok::<(), serde_json::Error>(())
//! ```
#![deny(missing_docs)]

mod abi;
mod answer;
mod changes;
mod problem;
mod question;
mod reasons;

pub use answer::answer;
