pub fn first() {}
pub fn second() {}
pub fn third() {}
