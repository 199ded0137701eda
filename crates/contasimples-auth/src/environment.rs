use auth_common::{BaseUrl, ConfigurationError, Vars};

/// Which of the vendor's systems is asked. A key of one is worthless in the other.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// `https://api-sandbox.contasimples.com`, as documented.
    Sandbox,
    /// `https://api.contasimples.com`. *Obter Token de Acesso* does not name it: if Conta Simples tells you another
    /// one, give it as [`Custom`](Self::Custom).
    Production,
    /// Another address.
    Custom(BaseUrl),
}

impl Environment {
    /// The address that `CONTA_SIMPLES_ENV` names: `sandbox`, `production`, or a URL.
    pub(crate) fn from_vars(vars: &Vars) -> Result<Self, ConfigurationError> {
        let words = [("sandbox", Self::Sandbox), ("production", Self::Production)];
        let named = vars.one_of("CONTA_SIMPLES_ENV", words, Self::Custom)?;
        named.ok_or_else(|| ConfigurationError::not_set("CONTA_SIMPLES_ENV"))
    }

    pub(crate) fn base_url(self) -> Result<BaseUrl, ConfigurationError> {
        match self {
            Self::Sandbox => "https://api-sandbox.contasimples.com".parse(),
            Self::Production => "https://api.contasimples.com".parse(),
            Self::Custom(base) => Ok(base),
        }
    }
}
