use super::{Use, first, may_be_in};

fn found(body: &str) -> Option<String> {
    let call = first(body, Some("conn"), Use::Shared)?;
    assert!(may_be_in(body), "{body}");
    let at = &body[call.range];
    let name = call.command.split(' ').next().unwrap_or_default();
    assert!(
        at.to_ascii_uppercase().contains(name) || at == "xread_options",
        "{at}"
    );
    Some(call.command)
}

#[test]
fn b3_what_a_shared_connection_refuses_is_found() {
    for (body, command) in [
        ("{ conn.blpop(key, 0.0).await }", "BLPOP"),
        (
            "{ conn\n    .bzpopmin::<_, ()>(key, 0.0).await }",
            "BZPOPMIN",
        ),
        ("{ ü(); self.conn.brpoplpush(a, b, 1.0) }", "BRPOPLPUSH"),
        ("{ redis::cmd(\"BLPOP\").arg(key) }", "BLPOP"),
        ("{ cmd(\n    \"blMove\",\n) }", "BLMOVE"),
        (
            "{ cmd(\"XREAD\").arg(\"block\").arg(5) }",
            "XREAD with BLOCK",
        ),
        (
            "{ let o = O::default().block(5); conn.xread_options(&k, &i, &o) }",
            "XREAD with BLOCK",
        ),
        (
            "{ cmd(\"XREADGROUP\").arg(&[\"GROUP\", \"g\", \"c\", \"BLOCK\"]) }",
            "XREADGROUP with BLOCK",
        ),
        (
            "{ cmd(\"client\").arg(\"reply\").arg(\"off\") }",
            "CLIENT REPLY",
        ),
        (
            "{ cmd(\"CLIENT\").arg(&[\"TRACKING\", \"on\"]) }",
            "CLIENT TRACKING",
        ),
        ("{ cmd(\"WATCH\"); redis::pipe().atomic() }", "WATCH"),
        ("{ redis::pipe().cmd(\"MULTI\").set(a, 1) }", "MULTI"),
        ("{ conn.blpop(a, 0.0); redis::pipe().atomic() }", "BLPOP"),
        ("{ cmd(\"SELECT\").arg(1); conn.blpop(a, 0.0) }", "SELECT"),
    ] {
        assert_eq!(found(body).as_deref(), Some(command), "{body}");
    }
    for name in [
        "SELECT",
        "auth",
        "Multi",
        "WATCH",
        "SUBSCRIBE",
        "PSUBSCRIBE",
        "MONITOR",
        "HELLO",
        "RESET",
    ] {
        let body = format!("{{ redis::cmd(\"{name}\").exec_async(conn) }}");
        assert_eq!(found(&body), Some(name.to_uppercase()));
    }
}

#[test]
fn b3_what_a_shared_connection_takes_is_left_alone() {
    for body in [
        "{ conn.lpop(key, None).await }",
        "{ /* conn.blpop(key, 0.0) */ \"conn.blpop(key, 0.0)\"; // cmd(\"BLPOP\")\n }",
        "{ r#\"cmd(\"SELECT\")\"#; log(\"BLPOP\") }",
        "{ self.blpop = 1; blpop(key); queue::blpop(key) }",
        "{ conn.blpop_all(key); conn.BLPOP(key) }",
        "{ sub.subscribe(\"SUBSCRIBE\") }",
        "{ cmd(\"GET\").arg(\"SELECT\") }",
        "{ cmd(name).arg(\"BLPOP\") }",
        "{ cmd(\"XREAD\").arg(\"STREAMS\") }",
        "{ conn.xread_options(&k, &i, &o) }",
        "{ lock.block(5); conn.xread(&k, &i) }",
        "{ cmd(\"CLIENT\").arg(\"ID\"); log(\"REPLY\") }",
        "{ cmd(\"CLIENT\").arg(word); log(\"REPLY\") }",
        "{ queue.blpop(a, 0.0); self.queue.xread_options(&a); o.block(5) }",
        "{ redis::pipe().atomic().blpop(a, 0.0).set(b, 1) }",
        "{ redis::pipe().cmd(\"WATCH\").arg(a).cmd(\"MULTI\").set(a, 1).cmd(\"EXEC\") }",
    ] {
        assert_eq!(found(body), None, "{body}");
    }
}

#[test]
fn b3_a_connection_that_calls_use_in_turns_refuses_only_what_waits() {
    let found = |body| Some(first(body, Some("conn"), Use::InTurns)?.command);
    for body in [
        "{ cmd(\"SELECT\").arg(1) }",
        "{ cmd(\"WATCH\"); redis::pipe().cmd(\"MULTI\") }",
        "{ cmd(\"CLIENT\").arg(\"TRACKING\") }",
    ] {
        assert_eq!(found(body), None, "{body}");
    }
    let body = "{ cmd(\"SELECT\").arg(1); conn.blpop(a, 0.0) }";
    assert_eq!(found(body).as_deref(), Some("BLPOP"));
}

#[test]
fn b3_a_pipeline_may_have_any_name() {
    let body = "{ let mut all = redis::pipe(); all.blpop(a, 0.0); all.query(conn) }";
    assert_eq!(found(body).as_deref(), Some("BLPOP"));
}

#[test]
fn b3_most_bodies_are_not_read() {
    for body in [
        "{ conn.set(\"BLPOP\", block.by).await }",
        "{ redis::cmd(\"GET\").arg(\"x\") }",
    ] {
        assert!(!may_be_in(body), "{body}");
    }
}
