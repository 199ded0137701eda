fn main() {
    let password = auth_common::Credential::new("password", "secret").unwrap();
    let _copy: auth_common::Credential = password.clone();
}
