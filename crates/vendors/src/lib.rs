//! Every vendor crate of the workspace, listed once. The conformance suite and the example that runs all vendors read
//! the list, so that a vendor which is added here is run everywhere.

use std::fmt::Debug;

use auth_common::{
    TokenEndpoint,
    testing::{Document, Role},
};

pub use blackbox_auth;
pub use contasimples_auth;
pub use directlink_auth;
pub use invoisys_auth;
pub use zapsign_auth;

/// Calls a macro with the modules of all vendor crates in brackets, and then the other arguments as they are.
///
/// ```
/// macro_rules! names {
///     ([$($vendor:ident)*] $separator:literal) => {
///         [$(
///             <vendors::$vendor::testing::Vendor as vendors::Vendor>::MODULE
///         ),*]
///         .join($separator)
///     };
/// }
/// assert!(vendors::for_each!(names ", ").contains("invoisys_auth, zapsign_auth"));
/// ```
#[macro_export]
macro_rules! for_each {
    ($callback:ident $($arguments:tt)*) => {
        $callback! {
            [
                blackbox_auth
                contasimples_auth
                directlink_auth
                invoisys_auth
                zapsign_auth
            ]
            $($arguments)*
        }
    };
}

/// A vendor, told from its document, with the name of its crate.
pub trait Vendor:
    Document<Endpoint: TokenEndpoint<Environment: Debug, Credentials: Debug, TokenResponse: Debug>>
    + Default
{
    /// The crate, as Rust writes it: `zapsign_auth`.
    const MODULE: &'static str;

    /// The crate, as Cargo writes it: `zapsign-auth`.
    fn package() -> String {
        Self::MODULE.replace('_', "-")
    }

    /// The vendor in one word of ASCII, as on a command line: `zapsign`.
    fn word() -> &'static str {
        Self::MODULE.trim_end_matches("_auth")
    }
}

macro_rules! vendors {
    ([$($vendor:ident)*]) => {
        $(
            impl Vendor for $vendor::testing::Vendor {
                const MODULE: &'static str = stringify!($vendor);
            }
        )*

        /// The packages of all vendor crates, in their order.
        pub fn packages() -> Vec<String> {
            vec![$(<$vendor::testing::Vendor as Vendor>::package()),*]
        }

        /// The vendors in one word each, in the same order.
        pub fn words() -> Vec<&'static str> {
            vec![$(<$vendor::testing::Vendor as Vendor>::word()),*]
        }

        /// The vendors as people write them, in the same order.
        pub fn names() -> Vec<&'static str> {
            vec![$(<<$vendor::testing::Vendor as Role>::Endpoint as TokenEndpoint>::VENDOR),*]
        }
    };
}
for_each!(vendors);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{collections::BTreeSet, fs, path::Path};

    #[test]
    fn every_dependency_of_this_crate_is_in_the_list() {
        let manifest = include_str!("../Cargo.toml");
        let dependencies = manifest.split_once("[dependencies]").unwrap().1;
        let vendors: Vec<_> = dependencies
            .lines()
            .filter_map(|line| line.split(['.', ' ', '=']).next())
            .filter(|name| name.ends_with("-auth"))
            .collect();
        assert_eq!(super::packages(), vendors);
    }

    #[test]
    fn every_vendor_crate_of_the_workspace_is_in_the_list() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let folders: BTreeSet<_> = fs::read_dir(crates)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|folder| folder.join("Cargo.toml").exists())
            .filter_map(|folder| folder.file_name()?.to_str().map(str::to_owned))
            .filter(|name| name.ends_with("-auth"))
            .collect();
        assert_eq!(BTreeSet::from_iter(super::packages()), folders);
    }

    #[test]
    fn no_two_vendors_have_the_same_name() {
        let names = super::names();
        let distinct: BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
    }
}
