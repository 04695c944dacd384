//! A private file.

use redis_components as runtime;

type Hidden = runtime::Connection;
pub(super) type Borrowed<'c> = &'c mut Hidden;
