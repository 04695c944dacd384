use redis_components::Connection;
use self::closed::Imported;
use self::globbed::*;
use self::closed as door;

mod closed {
    pub struct ByPath;
    pub struct Imported;
    pub(crate) struct OfModule;
    pub(super) struct OfSuper;
}

mod globbed {
    pub struct Globbed;
}

trait Bound {}
const LENGTH: usize = 4;
type Choice<'a> = fn(&'a str, &str) -> &'a str;

pub async fn by_path(conn: &mut Connection, one: self::closed::ByPath) {}
pub async fn by_glob(conn: &mut Connection, one: Globbed) {}
pub async fn by_import(conn: &mut Connection, one: Vec<Imported>) {}
pub async fn by_module(conn: &mut Connection, one: door::OfModule) {}
pub async fn with_bound(conn: &mut Connection, one: impl Bound) {}
pub async fn with_constant(conn: &mut Connection, one: [u8; LENGTH]) {}
pub async fn of_parent(conn: &mut Connection, one: super::OfParent) {}
pub async fn not_written_out(conn: &mut Connection, one: Choice<'_>) {}
pub async fn private_items(conn: &mut Connection, one: closed::OfSuper) {}
