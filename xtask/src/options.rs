//! The options of the programs that commands start, read before anything is installed or built.

#![allow(dead_code, reason = "the programs read what is here passed on")]

#[path = "../../benches/peers/src/options.rs"]
pub(crate) mod bench;
#[path = "../../examples/move_server/options.rs"]
pub(crate) mod demo;
#[path = "../../soak/src/options.rs"]
pub(crate) mod soak;
#[path = "../../examples/topologies/options.rs"]
pub(crate) mod topologies;
#[path = "../../examples/web/options.rs"]
pub(crate) mod web;
