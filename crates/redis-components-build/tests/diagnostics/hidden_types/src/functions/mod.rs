pub mod hidden_types;
struct OfParent;
