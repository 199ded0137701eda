fn main() {
    let password = auth_common::Credential::new("password", "secret").unwrap();
    let _text: &str = &password;
}
