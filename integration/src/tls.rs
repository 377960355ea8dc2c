//! An authority that certifies an Envoy and its callers for the length of a test.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const SERVER: &str = "server.test";

/// A certificate authority.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate, and the key to it.
#[derive(Debug)]
pub struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    /// A new one.
    pub fn new() -> Result<Self> {
        let mut params = params("authority.test")?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// Certifies this name.
    pub fn certify(&self, name: &str) -> Result<Identity> {
        let key = KeyPair::generate()?;
        let certificate = params(name)?.signed_by(&key, &self.0)?;
        Ok(Identity { certificate, key })
    }

    /// A downstream `transport_socket` that asks callers for a certificate of this authority, and needs none.
    pub fn transport_socket(&self) -> Result<Value> {
        let server = self.certify(SERVER)?;
        Ok(json!({
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
                "common_tls_context": {
                    "tls_certificates": [{
                        "certificate_chain": {"inline_string": server.certificate.pem()},
                        "private_key": {"inline_string": server.key.serialize_pem()},
                    }],
                    "validation_context": {"trusted_ca": {"inline_string": self.0.pem()}},
                },
            },
        }))
    }

    /// Connects to a server that this authority certified, with a certificate of one's own or without.
    pub async fn connect(&self, address: SocketAddr, identity: Option<&Identity>) -> Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone())?;
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?.with_root_certificates(roots);
        let config = match identity {
            Some(Identity { certificate, key }) => {
                let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
                builder.with_client_auth_cert(vec![certificate.der().clone()], key)?
            }
            None => builder.with_no_client_auth(),
        };
        let stream = TcpStream::connect(address).await?;
        Ok(TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(SERVER)?, stream).await?)
    }
}

/// A certificate whose issuer has its own subject's name would count as signed by itself.
fn params(name: &str) -> Result<CertificateParams> {
    let mut params = CertificateParams::new([name.to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}
