use zapsign_auth::Authenticator;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let zapsign = Authenticator::from_env()?;
    println!("{}", zapsign.token().await?.expose_secret());
    Ok(())
}
