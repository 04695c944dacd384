//! Servers know whose a connection is.

use std::time::Duration;

use redis_components::blocking::shutdown;

use crate::board::{keys, settings};
use crate::common::{SOON, World, declare, until_blocking, whereabouts_blocking};
use redis_components_testing::Server;

#[test]
fn r14_connections_are_named_after_application_component_and_process() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    settings(&world, "shop\u{e9} 1").scope_blocking(|| {
        whereabouts_blocking(logs).unwrap();
        until_blocking("the process reports", || keys(&world.config).len() == 1);
        let instance = keys(&world.config)[0]
            .rsplit(':')
            .next()
            .unwrap()
            .to_owned();
        assert_eq!(names(&world.a), [format!("shop__1:logs:{instance}")]);
        let of_watch = format!("shop__1:@config:{instance}");
        let of_others = names(&world.config);
        assert!(of_others.contains(&of_watch), "{of_others:?}");
        let named = world.a.config().replace('}', r#","client_name":"mine"}"#);
        world.set(logs, &named);
        let is_mine = || names(&world.a).contains(&"mine".to_owned());
        until_blocking("the config's own name is shown", || {
            whereabouts_blocking(logs).unwrap();
            is_mine()
        });
        shutdown(SOON).unwrap();
    });
}

fn names(server: &Server) -> Vec<String> {
    let list: String = redis::from_redis_value(server.command(&["CLIENT", "LIST"])).unwrap();
    let names = list
        .split(' ')
        .filter_map(|field| field.strip_prefix("name="));
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}
