//! What no secret may do: be serialised, shown, looked through, or copied unawares. This file compiles only while none
//! does.

use std::{
    fmt::{Display, LowerHex},
    marker::PhantomData,
    ops::Deref,
};

use auth_common::{Authenticator, Builder, Credential, Grant, Token, TokenRequest};
use serde::Serialize;
use zapsign_auth::OrganizationId;

use crate::vendors::{BlackBox, ContaSimples, DirectLink, Invoisys, Vendor, ZapSign};

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
    Credential,
    Grant,
    OrganizationId,
    TokenRequest,
    blackbox_auth::Credentials,
    blackbox_auth::TokenResponse,
    contasimples_auth::Credentials,
    contasimples_auth::TokenResponse,
    directlink_auth::Credentials,
    directlink_auth::TokenResponse,
    invoisys_auth::Credentials,
    invoisys_auth::TokenResponse,
    zapsign_auth::Credentials,
    zapsign_auth::RefreshResponse,
    zapsign_auth::TokenPair;
    [Serialize, Display, LowerHex, Deref, AsRef<str>, AsRef<[u8]>, PartialEq, Clone]
}

// A token is cloned by design: clones share one buffer.
lacks! {
    Token,
    Authenticator<<BlackBox as Vendor>::Endpoint>,
    Authenticator<<ContaSimples as Vendor>::Endpoint>,
    Authenticator<<DirectLink as Vendor>::Endpoint>,
    Authenticator<<Invoisys as Vendor>::Endpoint>,
    Authenticator<<ZapSign as Vendor>::Endpoint>,
    Builder<<ZapSign as Vendor>::Endpoint>;
    [Serialize, Display, LowerHex, Deref, AsRef<str>, AsRef<[u8]>, PartialEq]
}

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
