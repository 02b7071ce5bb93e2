//! Pictures made from words.

mod ai_flower_wallpaper;

pub use ai_flower_wallpaper::AiFlowerWallpaper;
