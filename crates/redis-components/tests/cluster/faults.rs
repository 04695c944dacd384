//! Whatever a node does, no command is executed twice.

use redis::{RedisResult, pipe};
use redis_components::Component;

use crate::common::{HOUR, declare};
use crate::fake::{Fakes, Fault};
use crate::setup::{Place, Way, cmd};

#[derive(Clone, Copy, Debug)]
enum Form {
    Single,
    Pipeline,
    Transaction,
}

async fn increment(data: &'static Component, way: Way, form: Form) -> RedisResult<()> {
    match form {
        Form::Single => way.send::<i64>(data, &cmd("INCR x")).await.map(drop),
        Form::Pipeline => {
            let mut pipeline = pipe();
            pipeline
                .cmd("INCR")
                .arg("x")
                .cmd("INCR")
                .arg("y")
                .cmd("INCR")
                .arg("z");
            way.send_all::<(i64, i64, i64)>(data, &pipeline)
                .await
                .map(drop)
        }
        Form::Transaction => {
            let mut transaction = pipe();
            transaction
                .atomic()
                .cmd("INCR")
                .arg("{x}1")
                .cmd("INCR")
                .arg("{x}2");
            way.send_all::<(i64, i64)>(data, &transaction)
                .await
                .map(drop)
        }
    }
}

#[tokio::test]
async fn r4_no_fault_of_a_node_makes_a_command_run_twice() {
    let place = Place::start();
    let data = declare("data", HOUR);
    place
        .settings()
        .scope(async {
            for way in Way::ALL {
                for form in [Form::Single, Form::Pipeline, Form::Transaction] {
                    for (fault, is_refusal) in [
                        (Fault::ExecuteAndClose, false),
                        (Fault::Close, false),
                        (Fault::ExecuteAndCutOff, false),
                        (Fault::ExecuteSilently, false),
                        (Fault::Move, true),
                        (Fault::Ask, true),
                        (Fault::MoveInCircles(3), true),
                        (Fault::Refuse("TRYAGAIN"), true),
                        (Fault::Refuse("CLUSTERDOWN"), true),
                        (Fault::Refuse("LOADING"), true),
                        (Fault::Refuse("MASTERDOWN"), true),
                        (Fault::Refuse("READONLY"), true),
                        (Fault::Refuse("NOREPLICAS"), true),
                    ] {
                        let case = format!("{way:?} {form:?} {fault:?}");
                        // A cluster of its own, whose connections no earlier fault has ended.
                        let fakes = Fakes::start();
                        let mut config = fakes.config();
                        if fault == Fault::ExecuteSilently {
                            // Its calls wait as long as they may.
                            config.insert_str(1, r#""socket_timeout":1,"#);
                        }
                        place.set(data, &config);
                        crate::common::until("the component is there", async || {
                            increment(data, way, form).await.is_ok()
                                && !fakes.take_executed().is_empty()
                        })
                        .await;
                        fakes.arm(&fault);
                        let outcome = increment(data, way, form).await;
                        let executed = fakes.take_executed();
                        assert!(
                            executed.values().all(|count| *count == 1),
                            "{case}: {executed:?}"
                        );
                        if is_refusal {
                            outcome.unwrap_or_else(|error| panic!("{case}: {error}"));
                            let keys = match form {
                                Form::Single => 1,
                                Form::Pipeline => 3,
                                Form::Transaction => 2,
                            };
                            assert_eq!(executed.len(), keys, "{case}: {executed:?}");
                        } else {
                            outcome.expect_err(&case);
                        }
                    }
                }
            }
        })
        .await;
}
