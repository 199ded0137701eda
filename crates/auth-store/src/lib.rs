#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod file;
mod files;
mod key;

pub use file::FileStore;
pub use key::{kept_key, user_key};
