//! Components that have one key.

use serde_json::{Value, json};

use crate::board::settings;
use crate::common::{World, arrives, of_key, whereabouts};

#[tokio::test]
async fn r14_components_with_one_key_have_each_its_own_canary() {
    let world = World::start();
    let key = "config:shared";
    let components = ["first", "second"].map(|name| of_key(name, key));
    let set = |config: &str| world.config.command(&["SET", key, config]);
    set(&world.a.config());
    let config: Value = serde_json::from_str(&world.b.config()).unwrap();
    settings(&world, "shared")
        .scope(async {
            for logs in components {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
            }
            for named in 0..2 {
                let (runs_it, other) = (components[named], components[1 - named]);
                let canary = json!({"config": config, "percent": 100});
                let name = ["first", "second"][named];
                let control = json!({"canary": {name: canary}}).to_string();
                world
                    .config
                    .command(&["SET", "config:redis:@fleet", &control]);
                arrives(runs_it, "b").await;
                assert_eq!(whereabouts(other).await.unwrap(), "a");
                world.config.command(&["DEL", "config:redis:@fleet"]);
                arrives(runs_it, "a").await;
            }
            // A change of the key reaches both.
            set(&world.b.config());
            for logs in components {
                arrives(logs, "b").await;
            }
        })
        .await;
}
