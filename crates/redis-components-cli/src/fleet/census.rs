//! Reading the receipts of a fleet from its config server.

use redis::{RedisResult, Value};
use redis_components::receipts::{FLEET_KEY, KEY_PREFIX, PROCESS_FIELD, Process, Receipt};

use super::receipts::{Receipts, Said};
use super::silent::{Silent, silent};
use crate::clients::Client;
use crate::failure::{Code, Failure};
use crate::session::Session;
use crate::text::printable;

/// How many receipts are asked for at once.
const AT_ONCE: usize = 1000;

impl Session {
    /// Returns the receipts of all processes. With a component, they say nothing about others.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not show them.
    pub(crate) async fn receipts(&self, component: Option<&str>) -> Result<Receipts, Failure> {
        let mut list = redis::cmd("ZRANGE");
        list.arg(FLEET_KEY).arg(0).arg(-1);
        let members: Vec<Vec<u8>> = self.query(&list).await.map_err(|failure| {
            if failure.code == Code::WrongType {
                self.wrong_type(FLEET_KEY, "the index of the fleet")
            } else {
                failure
            }
        })?;
        let members: Vec<String> = members
            .into_iter()
            .filter_map(|member| String::from_utf8(member).ok())
            .collect();
        let mut receipts = Receipts::new(&self.names.prefix);
        for some in members.chunks(AT_ONCE) {
            for (member, said) in self.receipts_of(some, component).await? {
                receipts.note(member, said);
            }
        }
        Ok(receipts)
    }

    /// Returns what is read of these processes.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not show them.
    pub(crate) async fn receipts_of(
        &self,
        members: &[String],
        component: Option<&str>,
    ) -> Result<Vec<(String, Said)>, Failure> {
        if members.is_empty() {
            return Ok(Vec::new());
        }
        let mut ask = redis::pipe();
        // A key of another type is no reason to show none.
        ask.ignore_errors();
        for member in members {
            let key = format!("{KEY_PREFIX}{member}");
            match component {
                Some(name) => ask.cmd("HMGET").arg(key).arg(PROCESS_FIELD).arg(name),
                None => ask.cmd("HGETALL").arg(key),
            };
        }
        let answers: Vec<RedisResult<Value>> = self.pipeline(&ask).await?;
        let mut found = Vec::with_capacity(members.len());
        for (member, answer) in members.iter().zip(answers) {
            let said = match answer.and_then(words) {
                Ok(words) => read((member, &self.names.prefix), component, &words),
                Err(error) => {
                    let failure = self.failure(&error);
                    if failure.code == Code::NoRights {
                        return Err(failure);
                    }
                    Said::Unreadable("its key is of another type".to_owned())
                }
            };
            found.push((member.clone(), said));
        }
        Ok(found)
    }

    /// Returns the clients of the config server, and the id of this one.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not list them.
    pub(crate) async fn clients(&self) -> Result<(Vec<Client>, u64), Failure> {
        let mut ask = redis::pipe();
        ask.cmd("CLIENT").arg("ID").cmd("CLIENT").arg("LIST");
        let (own, list): (u64, String) = self.pipeline(&ask).await?;
        Ok((Client::parse_all(&list), own))
    }

    /// Returns the processes that watch configs here and do not report.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not list its clients.
    pub(crate) async fn silent(&self, receipts: &Receipts) -> Result<Vec<Silent>, Failure> {
        let (clients, own) = self.clients().await?;
        Ok(silent(&clients, own, receipts))
    }
}

/// Returns the words of an answer. A hash is a map in RESP3, and a list in RESP2.
fn words(answer: Value) -> RedisResult<Vec<Option<Vec<u8>>>> {
    let answer = match answer {
        Value::Map(pairs) => {
            let pairs = pairs.into_iter();
            Value::Array(pairs.flat_map(|(name, value)| [name, value]).collect())
        }
        other => other,
    };
    Ok(redis::from_redis_value(answer)?)
}

/// Reads the receipt of a member from an answer. Without the component's field, the process does not
/// use it.
fn read(
    (member, prefix): (&str, &str),
    component: Option<&str>,
    words: &[Option<Vec<u8>>],
) -> Said {
    let text = |word: &Option<Vec<u8>>| Some(String::from_utf8_lossy(word.as_ref()?).into_owned());
    let fields: Vec<(String, String)> = match (component, words) {
        (Some(name), [process, receipt]) => {
            let names = [PROCESS_FIELD, name].into_iter();
            let fields = names.zip([process, receipt]);
            let fields = fields.filter_map(|(name, word)| Some((name.to_owned(), text(word)?)));
            fields.collect()
        }
        _ => words
            .chunks_exact(2)
            .filter_map(|pair| Some((text(&pair[0])?, text(&pair[1])?)))
            .collect(),
    };
    if component.map_or(fields.is_empty(), |name| !has(&fields, name)) {
        return match Receipt::from_fields(fields) {
            Ok(receipt) if receipt.process().member() == member => Said::Receipt(receipt),
            _ => Said::Nothing,
        };
    }
    match Receipt::from_fields(fields.iter().map(|(name, value)| (name, value))) {
        Ok(receipt) if receipt.process().member() == member => Said::Receipt(receipt),
        Ok(_) => Said::Unreadable("it names another process".to_owned()),
        Err(_) if is_of_another_fleet(&fields, prefix) => Said::Nothing,
        Err(error) => Said::Unreadable(printable(&error.to_string())),
    }
}

fn has(fields: &[(String, String)], name: &str) -> bool {
    fields.iter().any(|(field, _)| field == name)
}

fn is_of_another_fleet(fields: &[(String, String)], prefix: &str) -> bool {
    let process = fields.iter().find(|(name, _)| name == PROCESS_FIELD);
    let process = process.and_then(|(_, text)| Process::parse(text).ok());
    process.is_some_and(|process| process.key_prefix() != prefix)
}
