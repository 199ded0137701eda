use std::{env, fs, path::PathBuf};

/// Fails unless `text` is what is kept under `name`. With `BLESS=1` it is kept from now on.
pub(crate) fn check(name: &str, text: &str) {
    let wide: Vec<_> = text
        .lines()
        .filter(|line| line.chars().count() > 80)
        .collect();
    assert!(wide.is_empty(), "wider than 80 columns: {wide:#?}");
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let file = folder.join(format!("{name}.txt"));
    if env::var_os("BLESS").is_some() {
        fs::create_dir_all(folder).unwrap();
        fs::write(&file, text).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(text, kept, "{}: if it is meant, BLESS=1", file.display());
}
