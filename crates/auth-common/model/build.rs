//! Tells auth-common that it is being modelled.

fn main() {
    println!("cargo::rustc-cfg=shuttle");
}
