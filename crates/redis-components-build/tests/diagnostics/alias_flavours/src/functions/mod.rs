pub mod alias_flavours;
