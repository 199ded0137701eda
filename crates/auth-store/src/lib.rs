// Its first example is one of `redis`.
#![cfg_attr(any(not(doctest), feature = "redis"), doc = include_str!("../README.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod file;
mod files;
mod key;
#[cfg(feature = "redis")]
mod redis_store;

pub use file::FileStore;
pub use key::{kept_key, user_key};
#[cfg(feature = "redis")]
pub use redis_store::RedisStore;

// A program has auth-common by way of a vendor's crate, and does not name it.
pub use auth_common::{ConfigurationError, StoreKey, TokenStore};
