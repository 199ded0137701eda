//! What a server shows, and the key that proves it.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, date_time_ymd,
};
use rustls::{
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
    sign::CertifiedKey,
};

pub(crate) struct Chain {
    certificates: Vec<CertificateDer<'static>>,
    pem: String,
    key: KeyPair,
}

/// The first and the last year of a certificate.
pub(crate) type Years = (i32, i32);

pub(crate) const TODAY: Years = (2001, 3001);
pub(crate) const EXPIRED: Years = (2001, 2002);
pub(crate) const EARLY: Years = (3001, 3002);

impl Chain {
    pub(crate) fn signing_itself(years: Years) -> Self {
        Self::itself(dated(years))
    }

    /// As `openssl req -x509` makes them.
    pub(crate) fn signing_itself_as_an_authority(years: Years) -> Self {
        Self::itself(authority(&mut dated(years)))
    }

    pub(crate) fn itself(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            certificates: vec![certificate.der().clone()],
            pem: certificate.pem(),
            key,
        }
    }

    /// The server shows the certificate of `authority` as well.
    pub(crate) fn with(mut self, authority: &Authority) -> Self {
        self.certificates.push(authority.der.clone());
        self
    }

    pub(crate) fn with_another_key(&self) -> Self {
        Self {
            certificates: self.certificates.clone(),
            pem: self.pem.clone(),
            key: KeyPair::generate().unwrap(),
        }
    }

    pub(crate) fn pem(&self) -> String {
        self.pem.clone()
    }

    /// Whether or not the key is the right one.
    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        let key = PrivatePkcs8KeyDer::from(self.key.serialize_der()).into();
        let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
        Arc::new(CertifiedKey::new(self.certificates.clone(), key))
    }
}

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
    pem: String,
}

impl Authority {
    pub(crate) fn called(name: &str) -> Self {
        let (params, key) = (Self::params(name), KeyPair::generate().unwrap());
        let certificate = params.self_signed(&key).unwrap();
        Self {
            der: certificate.der().clone(),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// An authority below this one.
    pub(crate) fn authorizing(&self, name: &str) -> Self {
        let (params, key) = (Self::params(name), KeyPair::generate().unwrap());
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Self {
            der: certificate.der().clone(),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    pub(crate) fn pem(&self) -> String {
        self.pem.clone()
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.der.clone()
    }

    /// The certificate of a caller who has `key`.
    pub(crate) fn certify(&self, key: &KeyPair) -> Certificate {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "shop");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.signed_by(key, &self.issuer).unwrap()
    }

    pub(crate) fn signing(&self, years: Years) -> Chain {
        self.signing_params(&dated(years))
    }

    pub(crate) fn signing_for(&self, host: &str) -> Chain {
        self.signing_params(&named(host))
    }

    pub(crate) fn signing_params(&self, params: &CertificateParams) -> Chain {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Chain {
            certificates: vec![certificate.der().clone()],
            pem: certificate.pem(),
            key,
        }
    }

    fn params(name: &str) -> CertificateParams {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        authority(&mut params)
    }
}

/// For this machine, and valid in these years.
pub(crate) fn dated((first, last): Years) -> CertificateParams {
    let mut params = named("localhost");
    params.not_before = date_time_ymd(first, 1, 1);
    params.not_after = date_time_ymd(last, 1, 1);
    params
}

pub(crate) fn named(host: &str) -> CertificateParams {
    CertificateParams::new([host.to_owned()]).unwrap()
}

pub(crate) fn authority(params: &mut CertificateParams) -> CertificateParams {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.clone()
}
