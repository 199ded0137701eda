#![allow(clippy::unwrap_used)]

use clap::ValueEnum;

use crate::{
    arguments, output,
    vendors::{ForVendor, Name, Vendor},
};

#[test]
fn the_vendors_are_those_of_the_workspace() {
    let packages: Vec<_> = Name::value_variants()
        .iter()
        .map(|it| it.for_vendor(Package))
        .collect();
    assert_eq!(packages, vendors::packages());
    let words: Vec<_> = Name::value_variants()
        .iter()
        .map(|it| it.to_possible_value().unwrap().get_name().to_owned())
        .collect();
    assert_eq!(words, vendors::words());
}

#[test]
fn each_vendor_has_a_variable_of_its_own_for_the_header() {
    let variables: Vec<_> = Name::value_variants()
        .iter()
        .map(|it| it.for_vendor(Variable))
        .collect();
    let expected = [
        "BLACKBOX_AUTHORIZATION",
        "CONTA_SIMPLES_AUTHORIZATION",
        "DIRECTLINK_AUTHORIZATION",
        "INVOISYS_AUTHORIZATION",
        "ZAPSIGN_AUTHORIZATION",
    ];
    assert_eq!(variables, expected);
}

#[test]
fn the_arguments_are_consistent() {
    arguments::command().debug_assert();
}

#[test]
fn text_is_broken_before_the_last_column() {
    let text = format!("  needs     {}", output::wrapped(&"WORD ".repeat(40), 12));
    assert!(text.lines().count() > 2);
    assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    let further = |line: &str| line.starts_with("            WORD");
    assert!(text.lines().skip(1).all(further), "{text}");
}

struct Package;

impl ForVendor for Package {
    type Output = String;

    fn run<V: Vendor>(self) -> String {
        V::PACKAGE.into()
    }
}

struct Variable;

impl ForVendor for Variable {
    type Output = String;

    fn run<V: Vendor>(self) -> String {
        V::variable_for_header()
    }
}
