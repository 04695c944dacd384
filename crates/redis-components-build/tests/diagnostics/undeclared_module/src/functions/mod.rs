pub mod jobs;
pub mod logs;
