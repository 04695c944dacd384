pub(super) mod items;
