use std::time::Duration;

use super::{Response, Role};
use crate::ErrorKind;

/// What else the vendor's document says, for tests that hold every vendor's crate against its own document. Like the
/// [`Role`], it shares no code with the client.
pub trait Document: Role + Sized {
    /// How long a token may be used where an answer does not say: the shortest time in anything the vendor published.
    const FALLBACK_LIFETIME: Duration = Self::LIFETIME;
    /// The vendor's systems: the word for each in the environment variables, and its address, with a slash at the end.
    /// The first is the one that is meant where a variable may be left out. There are none where every customer has an
    /// address of its own.
    const HOSTS: &'static [(&'static str, &'static str)] = &[];
    /// Those of the [`variables`](Self::variables) that may be left out.
    const OPTIONAL_VARIABLES: &'static [&'static str] = &[];

    /// A vendor that knows these credentials and no others: an identity (a user name, an API key), a secret (a password,
    /// an API secret), and the id of an organization, which a vendor without organizations ignores.
    fn knowing(identity: &str, secret: &str, organization: &str) -> Self;

    /// The environment variables that describe these credentials, and `system`: one of the words of
    /// [`HOSTS`](Self::HOSTS), or an address.
    fn variables(&self, system: &str) -> Vec<(&'static str, String)>;

    /// Every refusal and failure that the document shows, and what each means. Where the document shows none, that of
    /// wrong credentials as the protocol has it.
    fn refusals(&self) -> Vec<(Response, ErrorKind)>;
}
