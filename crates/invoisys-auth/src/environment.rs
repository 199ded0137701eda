use auth_common::{BaseUrl, ConfigurationError, Vars};

/// Which of the vendor's systems is asked. A token of one is worthless in the other.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// `https://sandbox-api.invoisys.com.br`, as documented.
    Sandbox,
    /// `https://api.invoisys.com.br`. The vendor's document does not name it: ask your contact at Invoisys to confirm
    /// it, or give the address that you were told as [`Custom`](Self::Custom).
    Production,
    /// Another address.
    Custom(BaseUrl),
}

impl Environment {
    /// The address that `INVOISYS_ENVIRONMENT` names: `sandbox`, `production`, or a URL.
    pub(crate) fn from_vars(vars: &Vars) -> Result<Self, ConfigurationError> {
        let words = [("sandbox", Self::Sandbox), ("production", Self::Production)];
        let named = vars.one_of("INVOISYS_ENVIRONMENT", words, Self::Custom)?;
        named.ok_or_else(|| ConfigurationError::not_set("INVOISYS_ENVIRONMENT"))
    }

    pub(crate) fn base_url(self) -> Result<BaseUrl, ConfigurationError> {
        match self {
            Self::Sandbox => "https://sandbox-api.invoisys.com.br".parse(),
            Self::Production => "https://api.invoisys.com.br".parse(),
            Self::Custom(base) => Ok(base),
        }
    }
}
