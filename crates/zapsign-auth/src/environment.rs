use auth_common::{BaseUrl, ConfigurationError, Vars};

/// Which of the vendor's systems is asked. A token of one is worthless in the other.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// `https://api.zapsign.com.br`, the one address in *Obter token de acesso*.
    Production,
    /// `https://sandbox.api.zapsign.com.br`. That document does not name it: if ZapSign tells you another one, give it
    /// as [`Custom`](Self::Custom).
    Sandbox,
    /// Another address.
    Custom(BaseUrl),
}

impl Environment {
    /// The address that `ZAPSIGN_ENVIRONMENT` names: `production`, `sandbox`, or a URL; production unless it is set.
    pub(crate) fn from_vars(vars: &Vars) -> Result<Self, ConfigurationError> {
        let words = [("production", Self::Production), ("sandbox", Self::Sandbox)];
        let named = vars.one_of("ZAPSIGN_ENVIRONMENT", words, Self::Custom)?;
        Ok(named.unwrap_or(Self::Production))
    }

    pub(crate) fn base_url(self) -> Result<BaseUrl, ConfigurationError> {
        match self {
            Self::Production => "https://api.zapsign.com.br".parse(),
            Self::Sandbox => "https://sandbox.api.zapsign.com.br".parse(),
            Self::Custom(base) => Ok(base),
        }
    }
}
