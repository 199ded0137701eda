fn write(_: impl serde::Serialize) {}

fn main() {
    write(auth_common::Credential::new("password", "secret").unwrap());
}
