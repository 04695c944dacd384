redis_components::include_components!();

pub async fn connect_all() {}

#[cfg(any())]
pub fn connect_all_blocking() {}

pub static COMPONENTS: [u8; 0] = [];

pub struct Connect {
    pub connect_all_blocking: bool,
}
