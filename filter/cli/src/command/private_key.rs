//! Private keys that the command is given. Never as an argument, which every process of the machine may read.

use std::env::{self, VarError};
use std::path::Path;

use tenancy_filter::PrivateKey;
use tenancy_filter_crypto::public_key;

use super::{Problem, instances};

/// The text of a key in a variable of the environment; `None` if it is not set.
pub(crate) fn in_variable(name: &str) -> Result<Option<String>, Problem> {
    match env::var(name) {
        Ok(text) => Ok(Some(checked(text, name)?)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(no_key(name)),
    }
}

/// The text of a key in a file; `-` is stdin.
pub(crate) fn in_file(path: &Path) -> Result<String, Problem> {
    checked(instances::read(path)?, &path.display().to_string())
}

fn checked(text: String, place: &str) -> Result<String, Problem> {
    let is_key = PrivateKey::decode(&text).is_some_and(|key| public_key(&key).is_some());
    if is_key { Ok(text) } else { Err(no_key(place)) }
}

/// Not what stands there: it may be most of a key.
fn no_key(place: &str) -> Problem {
    let expected = "is no private key on P-256 as base64 (PKCS#8, DER, without the lines of PEM)";
    Problem::new(format!("{place}: {expected}; tenancy seal new-key prints one"))
}
