//! Functions that never return.

use redis_components::{Connection, blocking};

/// Serves until its task ends.
pub async fn serve(conn: &mut Connection) -> ! {
    let _ = conn;
    std::future::pending().await
}

/// Serves until the process ends.
pub fn serve_blocking(conn: &mut blocking::Connection) -> ! {
    let _ = conn;
    loop {
        std::thread::park();
    }
}
