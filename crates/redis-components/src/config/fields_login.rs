//! Reads and writes a login.

use serde_json::{Map, Value, json};

use super::given::{Given, one_line};
use super::reference::Written;
use super::secret::Secret;
use super::table;
use super::written_login::WrittenLogin;

/// Returns the login that the fields mean.
///
/// # Errors
///
/// Returns the reason if the fields are refused. It contains none of their values.
pub(super) fn read(given: &Given<'_>) -> Result<WrittenLogin, String> {
    let username = match given.written(&table::USERNAME)? {
        Some(Written::Here(name)) => {
            let name = one_line(&table::USERNAME, name)?;
            (!name.is_empty()).then(|| Written::Here(name.to_owned()))
        }
        Some(Written::Elsewhere(at)) => Some(Written::Elsewhere(at)),
        None => None,
    };
    let password = match given.written(&table::PASSWORD)? {
        Some(Written::Here(password)) => Secret::unless_empty(password).map(Written::Here),
        Some(Written::Elsewhere(at)) => Some(Written::Elsewhere(at)),
        None => None,
    };
    Ok(WrittenLogin { username, password })
}

/// Adds the fields that mean the login. **They contain the password**, or where it stands.
pub(super) fn write(login: &WrittenLogin, object: &mut Map<String, Value>) {
    let username = login.username.as_ref().map(|username| match username {
        Written::Here(name) => json!(name),
        Written::Elsewhere(at) => at.write(),
    });
    let password = login.password.as_ref().map(|password| match password {
        Written::Here(password) => json!(password.expose()),
        Written::Elsewhere(at) => at.write(),
    });
    for (field, value) in [(table::USERNAME, username), (table::PASSWORD, password)] {
        if let Some(value) = value {
            object.insert(field.name.into(), value);
        }
    }
}
