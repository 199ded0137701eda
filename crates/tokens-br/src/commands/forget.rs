use clap::ValueEnum;

use crate::{
    outcome::{FAILED, Failure, Result},
    output,
    session::store,
    vendors::{ForVendor, Name, Vendor},
};

/// `tokens-br forget`
pub(crate) fn run(vendor: Option<Name>) -> Result<()> {
    let every = Name::value_variants();
    let vendors = vendor.as_ref().map_or(every, std::slice::from_ref);
    let mut told = String::new();
    for vendor in vendors {
        let word = vendor.for_vendor(Word);
        let store = store(word)?;
        let removed = store.clear().map_err(|error| {
            let folder = store.folder().display();
            Failure::new(FAILED, format!("{folder} cannot be emptied: {error}"))
        })?;
        if removed > 0 || vendors.len() == 1 {
            told += &format!("{word}: {removed} removed\n");
        }
    }
    if told.is_empty() {
        told.push_str("there was nothing to remove\n");
    }
    output::result(&told)
}

struct Word;

impl ForVendor for Word {
    type Output = &'static str;

    fn run<V: Vendor>(self) -> &'static str {
        V::word()
    }
}
