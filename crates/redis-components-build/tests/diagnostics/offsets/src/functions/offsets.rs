#!/usr/bin/env run-cargo-script ü
// ünïcödé
use redis_components::Connection;

fn résumé(conn: &mut Connection) {}

pub async fn misspelt(conn: &mut Connection) {}
