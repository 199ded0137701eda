//! What no secret may do: be serialised, shown, looked through, or copied unawares. This file compiles only while none
//! does.

use std::{
    fmt::{Display, LowerHex},
    marker::PhantomData,
    ops::Deref,
};

use auth_common::{
    Authenticator, BasicCredentials, Builder, Credential, Grant, Token, TokenEndpoint, TokenRequest,
};
use serde::Serialize;
use vendors::zapsign_auth;

use crate::vendor::Endpoint;

/// Does not compile when `$type` implements one of the traits: then there are two ways to read the last line.
macro_rules! lacks {
    ($($type:ty),+ $(,)?; $traits:tt) => {
        $(lacks! { @ $type; $traits })+
    };
    (@ $type:ty; [$($trait:path),+]) => {
        $(const _: () = {
            trait Ambiguous<Whether> {
                const CHECKED: () = ();
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            struct Implemented;
            impl<T: ?Sized + $trait> Ambiguous<Implemented> for T {}
            <$type as Ambiguous<_>>::CHECKED
        };)+
    };
}

lacks! {
    BasicCredentials,
    Credential,
    Grant,
    TokenRequest,
    zapsign_auth::OrganizationId,
    zapsign_auth::RefreshResponse;
    [Serialize, Display, LowerHex, Deref, AsRef<str>, AsRef<[u8]>, PartialEq, Clone]
}

// A token is cloned by design: clones share one buffer.
lacks! {
    Token;
    [Serialize, Display, LowerHex, Deref, AsRef<str>, AsRef<[u8]>, PartialEq]
}

macro_rules! every_vendor_lacks {
    ([$($vendor:ident)*]) => {
        $(
            lacks! {
                <Endpoint<vendors::$vendor::testing::Vendor> as TokenEndpoint>::Credentials,
                <Endpoint<vendors::$vendor::testing::Vendor> as TokenEndpoint>::TokenResponse;
                [Serialize, Display, LowerHex, Deref, AsRef<str>, AsRef<[u8]>, PartialEq, Clone]
            }

            lacks! {
                vendors::$vendor::Authenticator,
                vendors::$vendor::Builder,
                vendors::$vendor::blocking::Authenticator,
                Authenticator<Endpoint<vendors::$vendor::testing::Vendor>>,
                Builder<Endpoint<vendors::$vendor::testing::Vendor>>;
                [Serialize, Display, LowerHex, Deref, AsRef<str>, AsRef<[u8]>, PartialEq]
            }
        )*
    };
}
vendors::for_each!(every_vendor_lacks);

/// The same question, asked of types that have an answer: a macro that saw nothing would see nothing here.
#[test]
fn control_tells_what_is_implemented_from_what_is_not() {
    trait Lacking {
        fn is_cloned(&self) -> bool {
            false
        }
    }
    impl<T> Lacking for Asked<T> {}
    struct Asked<T>(PhantomData<T>);
    impl<T: Clone> Asked<T> {
        fn is_cloned(&self) -> bool {
            true
        }
    }
    assert!(Asked::<Token>(PhantomData).is_cloned());
    assert!(!Asked::<Credential>(PhantomData).is_cloned());
}
