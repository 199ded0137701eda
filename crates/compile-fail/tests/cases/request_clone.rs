fn repeat(request: auth_common::TokenRequest) {
    let _copy: auth_common::TokenRequest = request.clone();
}

fn main() {}
