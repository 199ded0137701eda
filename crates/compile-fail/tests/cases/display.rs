fn main() {
    let password = auth_common::Credential::new("password", "secret").unwrap();
    println!("{password}");
}
