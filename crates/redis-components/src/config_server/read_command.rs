//! The command that reads a config, and the bounds of its reply.

use redis::Cmd;

use crate::transport::reply_bounds::ReplyBounds;

/// How many bytes a config may have.
pub(super) const READ_LIMIT: usize = 64 * 1024;

/// One byte more than the limit shows that a value is too long.
pub(super) const BOUNDS: ReplyBounds = ReplyBounds::strings(READ_LIMIT as u64 + 1);

/// Returns the command that reads the value of a key. A key that does not exist reads as empty.
///
/// GETRANGE bounds what an honest server sends, and the bounds of its replies what any other does. A
/// server would have to read and send the whole of a longer value for GET, and STRLEN before each GET
/// would cost a round trip.
pub(super) fn read_command(key: &str) -> Cmd {
    let mut command = redis::cmd("GETRANGE");
    command.arg(key).arg(0).arg(READ_LIMIT);
    command
}
