//! The vendors, listed once.

use auth_common::{TokenEndpoint, testing::Document};
use clap::ValueEnum;

/// What a vendor's crate knows, with the word for it on the command line. The roles of the stand-ins tell what the
/// vendor's document says: the optional variables, the first resource.
pub(crate) trait Vendor: Document + Default {
    /// The crate, as Cargo writes it.
    const PACKAGE: &'static str;

    fn name() -> &'static str {
        <Self::Endpoint as TokenEndpoint>::VENDOR
    }

    fn word() -> &'static str {
        Self::PACKAGE.trim_end_matches("-auth")
    }

    /// The variables without which nothing works.
    fn required() -> &'static [&'static str] {
        <Self::Endpoint as TokenEndpoint>::REQUIRED_VARS
    }

    /// All variables.
    fn variables_read() -> Vec<&'static str> {
        let mut names = Self::required().to_vec();
        let optional = Self::OPTIONAL_VARIABLES.iter().copied();
        names.extend(optional.filter(|name| !Self::required().contains(name)));
        names
    }

    /// The variable that `exec` sets: `ZAPSIGN_AUTHORIZATION`.
    fn variable_for_header() -> String {
        let of_a_vendor = Self::required().first().copied().unwrap_or_default();
        // All of a vendor's variables begin alike.
        let prefix = Self::required()
            .iter()
            .fold(of_a_vendor, |prefix, name| common_start(prefix, name));
        format!("{}_AUTHORIZATION", prefix.trim_end_matches('_'))
    }
}

fn common_start<'a>(one: &'a str, other: &str) -> &'a str {
    let alike = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b);
    one.get(..alike.count()).unwrap_or_default()
}

/// Whether a variable holds nothing that identifies anybody: the address, the system.
pub(crate) fn is_public(variable: &str) -> bool {
    ["_URL", "_ENV", "_ENVIRONMENT"]
        .iter()
        .any(|end| variable.ends_with(end))
}

/// Whether a variable is what nobody may look at while it is typed.
pub(crate) fn is_secret(variable: &str) -> bool {
    ["_PASSWORD", "_SECRET"]
        .iter()
        .any(|end| variable.ends_with(end))
}

/// Something that is done for a vendor, whichever it is.
pub(crate) trait ForVendor {
    type Output;

    fn run<V: Vendor>(self) -> Self::Output;
}

macro_rules! vendors {
    ($($name:ident: $module:ident, $package:literal;)*) => {
        /// A vendor, as it is named on the command line.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
        pub(crate) enum Name {
            $($name,)*
        }

        impl Name {
            /// Does `it` for this vendor.
            pub(crate) fn for_vendor<T: ForVendor>(self, it: T) -> T::Output {
                match self {
                    $(Self::$name => it.run::<$module::testing::Vendor>(),)*
                }
            }
        }

        $(
            impl Vendor for $module::testing::Vendor {
                const PACKAGE: &'static str = $package;
            }
        )*
    };
}

vendors! {
    Blackbox: blackbox_auth, "blackbox-auth";
    Contasimples: contasimples_auth, "contasimples-auth";
    Directlink: directlink_auth, "directlink-auth";
    Invoisys: invoisys_auth, "invoisys-auth";
    Zapsign: zapsign_auth, "zapsign-auth";
}
