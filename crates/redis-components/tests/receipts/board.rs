//! What an operator sees on the config server.

use redis::Commands;
use redis_components::receipts::{ComponentReceipt, FLEET_KEY, KEY_PREFIX, Receipt, ReceiptState};
use redis_components::{Component, ComponentConfig, Settings};
use redis_components_testing::Server;

use crate::common::{World, until};

/// Settings of an application that is known by this name.
pub(crate) fn settings(world: &World, application: &str) -> Settings {
    world.settings().application(application)
}

/// Returns the receipts of an application, through the index.
pub(crate) fn receipts(server: &Server, application: &str) -> Vec<Receipt> {
    let begin = format!("{application}:");
    let mut connection = server.connection();
    members(server)
        .into_iter()
        .filter(|member| member.starts_with(&begin))
        .filter_map(|member| {
            let fields: Vec<(String, String)> =
                connection.hgetall(format!("{KEY_PREFIX}{member}")).unwrap();
            (!fields.is_empty()).then(|| Receipt::from_fields(fields).unwrap())
        })
        .collect()
}

pub(crate) fn members(server: &Server) -> Vec<String> {
    server.connection().zrange(FLEET_KEY, 0, -1).unwrap()
}

/// Returns the keys of all receipts.
pub(crate) fn keys(server: &Server) -> Vec<String> {
    server.connection().keys(format!("{KEY_PREFIX}*")).unwrap()
}

/// Returns what the only process of an application says about a component.
pub(crate) fn said(
    server: &Server,
    application: &str,
    component: &str,
) -> Option<ComponentReceipt> {
    let all = receipts(server, application);
    assert!(all.len() < 2, "{all:?}");
    all.first()?.component(component).cloned()
}

/// Waits until the only process of the application says this about the component.
pub(crate) async fn says(
    server: &Server,
    application: &str,
    component: &Component,
    state: ReceiptState,
    is_meant: impl Fn(&ComponentReceipt) -> bool,
) -> ComponentReceipt {
    let mut found = None;
    until(&format!("{component:?} is {state}"), async || {
        found = said(server, application, component.name());
        found
            .as_ref()
            .is_some_and(|said| said.state() == state && is_meant(said))
    })
    .await;
    found.unwrap()
}

/// Returns the digest of a config.
pub(crate) fn digest(config: &str, salt: &str) -> String {
    ComponentConfig::from_json(config).unwrap().digest(salt)
}
