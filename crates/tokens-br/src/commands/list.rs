use clap::ValueEnum;
use serde_json::{Value, json};

use crate::{
    outcome::Result,
    output,
    vendors::{ForVendor, Name, Vendor},
};

/// `tokens-br list`
pub(crate) fn run(as_json: bool) -> Result<()> {
    let vendors = Name::value_variants().iter();
    if as_json {
        let list: Vec<Value> = vendors.map(|vendor| vendor.for_vendor(Json)).collect();
        return output::result(&format!("{}\n", Value::from(list)));
    }
    let list: Vec<String> = vendors.map(|vendor| vendor.for_vendor(Text)).collect();
    output::result(&list.join("\n"))
}

struct Text;

impl ForVendor for Text {
    type Output = String;

    fn run<V: Vendor>(self) -> String {
        let mut text = format!("{} ({})\n", V::word(), V::name());
        let mut line = |label: &str, said: &str| {
            let said = output::wrapped(said, INDENT);
            text += &format!("  {label:<WIDTH$}{said}\n", WIDTH = INDENT - 2);
        };
        line("needs", &V::required().join(", "));
        let more = optional::<V>().join(", ");
        if !more.is_empty() {
            line("may have", &more);
        }
        for (word, address) in V::HOSTS {
            line(word, address);
        }
        line("exec sets", &V::variable_for_header());
        line("read", &documentation::<V>());
        text
    }
}

struct Json;

impl ForVendor for Json {
    type Output = Value;

    fn run<V: Vendor>(self) -> Value {
        let systems: serde_json::Map<String, Value> = V::HOSTS
            .iter()
            .map(|(word, address)| ((*word).into(), (*address).into()))
            .collect();
        json!({
            "vendor": V::word(),
            "name": V::name(),
            "required": V::required(),
            "optional": optional::<V>(),
            "systems": systems,
            "exec_sets": V::variable_for_header(),
            "documentation": documentation::<V>(),
        })
    }
}

fn optional<V: Vendor>() -> Vec<&'static str> {
    let required = |name: &&str| V::required().contains(name);
    V::variables_read()
        .into_iter()
        .filter(|name| !required(name))
        .collect()
}

fn documentation<V: Vendor>() -> String {
    format!("https://docs.rs/{}", V::PACKAGE)
}

const INDENT: usize = 14;
