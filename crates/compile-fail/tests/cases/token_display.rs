fn show(token: auth_common::Token) {
    println!("{token}");
}

fn main() {}
