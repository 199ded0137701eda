#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

#[test]
#[cfg(not(windows))]
fn folders_of_the_user_are_where_the_specification_says() {
    let with = |set: &'static [(&str, &str)]| {
        move |name: &str| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| PathBuf::from(value))
        }
    };
    let path = |path: &str| Some(PathBuf::from(path));
    let home = with(&[("HOME", "/home/u")]);
    assert_eq!(user_state(home), path("/home/u/.local/state/tokens-br"));
    assert_eq!(user_config(home), path("/home/u/.config/tokens-br"));
    let told = with(&[
        ("HOME", "/home/u"),
        ("XDG_STATE_HOME", "/s"),
        ("XDG_CONFIG_HOME", "/c"),
    ]);
    assert_eq!(user_state(told), path("/s/tokens-br"));
    assert_eq!(user_config(told), path("/c/tokens-br"));
    // "All paths must be absolute", and what is not is passed over.
    let relative = with(&[("HOME", "/home/u"), ("XDG_STATE_HOME", "s")]);
    assert_eq!(user_state(relative), path("/home/u/.local/state/tokens-br"));
    for none in [with(&[]), with(&[("HOME", "")]), with(&[("HOME", "u")])] {
        assert_eq!(user_state(none), None);
    }
}
