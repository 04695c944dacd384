//! `get`: the config of a component.

use clap::Args;
use clap_complete::ArgValueCandidates;
use redis_components::ComponentConfig;
use serde_json::{Map, Value, json};

use crate::complete::components;
use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::output::Reply;
use crate::redact;
use crate::subject::{invalid, utf8};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The component.
    #[arg(add = ArgValueCandidates::new(components))]
    component: String,
    /// Show passwords as well.
    #[arg(long)]
    show_secrets: bool,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Reply, Failure> {
    let component = &options.component;
    let session = context.session().await?;
    let bytes = session.config_of(component).await?;
    let text = utf8(bytes, component)?;
    if let Some(failure) = invalid(component, &text) {
        return Err(failure.of_component(component).at(&session.server));
    }
    let unreadable = || {
        Failure::new(
            Code::ConfigInvalid,
            format!("the config of `{component}` is not valid"),
        )
    };
    let config = ComponentConfig::from_json(&text).map_err(|_| unreadable())?;
    let object: Map<String, Value> = serde_json::from_str(&text).map_err(|_| unreadable())?;
    let shown = if options.show_secrets {
        object
    } else {
        redact::object(&object)
    };
    let digest = session.digest(&config);
    let text = format!("{:#}", Value::Object(shown.clone()));
    let key = session.names.key(component);
    Ok(Reply::new(
        json!({
            "component": component,
            "key": key,
            "digest": digest,
            "endpoint": config.address(),
            "config": shown,
        }),
        text,
    ))
}
