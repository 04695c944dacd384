//! What a wrapper does with its function's error type, which can be made of nothing here.

struct Own;

fn main() {
    let convert = redis_components::__error_into!(Result<(), Own>);
    drop(convert);
}
