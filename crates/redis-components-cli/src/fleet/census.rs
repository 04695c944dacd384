//! Reading the receipts of a fleet from its config server.

use redis::{RedisResult, Value};
use redis_components::receipts::{FLEET_KEY, KEY_PREFIX, PROCESS_FIELD, Receipt};

use super::receipts::Receipts;
use super::silent::{Silent, silent};
use crate::clients::Client;
use crate::failure::{Code, Failure};
use crate::session::Session;

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
            for (member, receipt) in self.receipts_of(some, component).await? {
                receipts.note(member, receipt);
            }
        }
        Ok(receipts)
    }

    /// Returns the receipts of these processes; `None` for a process that has ended.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not show them.
    pub(crate) async fn receipts_of(
        &self,
        members: &[String],
        component: Option<&str>,
    ) -> Result<Vec<(String, Option<Receipt>)>, Failure> {
        let mut ask = redis::pipe();
        // A key of another type is no receipt, and no reason to show none.
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
            let words = match answer.and_then(words) {
                Ok(words) => words,
                Err(error) => {
                    let failure = self.failure(&error);
                    if failure.code == Code::NoRights {
                        return Err(failure);
                    }
                    Vec::new()
                }
            };
            let is_its_own = |receipt: &Receipt| receipt.process().member() == *member;
            let receipt = read(component, &words).filter(is_its_own);
            found.push((member.clone(), receipt));
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

/// Reads a receipt from an answer, if there is one that is understood.
fn read(component: Option<&str>, words: &[Option<Vec<u8>>]) -> Option<Receipt> {
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
    Receipt::from_fields(fields).ok()
}
