//! The fence: an option that lets a server refuse writes, and where a server is parked that stepped down.

/// The option that is the fence.
pub(crate) const OPTION: &str = "min-replicas-to-write";
/// How old a replica's last word may be before it counts no more. With 0 there is no fence.
pub(crate) const LAG: &str = "min-replicas-max-lag";
/// More replicas than any server has. Nobody else sets this number.
pub(crate) const CLOSED: &str = "1999999973";
/// Where no server is. A source that follows it refuses all writes, and loses nothing.
pub(crate) const NOWHERE: (&str, &str) = ("127.0.0.1", "1");
