use std::{future, sync::Arc};

use auth_common::testing::StandIn;

use crate::{
    outcome::{Failure, Result},
    output,
    session::interruptible,
    vendors::{ForVendor, Vendor},
};

/// `tokens-br demo`
pub(crate) struct Demo {
    pub(crate) refuse: bool,
}

impl ForVendor for Demo {
    type Output = Result<()>;

    fn run<V: Vendor>(self) -> Result<()> {
        let stand_in = Arc::new(StandIn::<V>::start());
        if self.refuse {
            stand_in.refuse_credentials();
        }
        let address = stand_in.base_url()?;
        let variables = V::default().variables(address.as_str());
        let lines = variables
            .iter()
            .map(|(name, value)| format!("{name}={value}\n"));
        output::result(&lines.collect::<String>())?;
        output::message(&format!(
            "{} is played on {address} until Ctrl-C.\nThe variables on standard output are for \
             --env-file.",
            V::name()
        ));
        // A signal is how it is meant to end.
        match interruptible(future::pending::<Result<()>>()) {
            Err(stopped) if stopped.code() > 128 => Ok(()),
            other => other.map_err(|failure: Failure| failure),
        }
    }
}
