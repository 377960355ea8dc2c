//! The module as an OCI image: one layer, `/plugin.wasm` alone in it, which is what Istio's agent looks for.
//!
//! The same module gives the same bytes on any machine: no time, no owner and no order of a file system
//! gets into the image, so that its digest says what is inside.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The name that Istio's agent reads out of the last layer.
const FILE: &str = "plugin.wasm";

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// An image of one module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    manifest: Blob,
    config: Blob,
    layer: Blob,
}

/// Content under its media type, named by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Blob {
    media_type: &'static str,
    bytes: Vec<u8>,
    hex: String,
}

impl Image {
    /// Packs a module.
    pub fn of(module: &[u8]) -> io::Result<Self> {
        let tar = archive(module)?;
        let layer = Blob::new(LAYER, gzip(&tar)?);
        let config = Blob::json(
            CONFIG,
            &json!({
                // Nothing runs it as a container; registries show it.
                "architecture": "wasm",
                "os": "wasip1",
                "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", hex(&tar))]},
            }),
        );
        let manifest = Blob::json(
            MANIFEST,
            &json!({
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": config.descriptor(),
                "layers": [layer.descriptor()],
                "annotations": {
                    "org.opencontainers.image.title": "tenancy-filter",
                    "org.opencontainers.image.version": env!("CARGO_PKG_VERSION"),
                    "org.opencontainers.image.licenses": env!("CARGO_PKG_LICENSE"),
                },
            }),
        );
        Ok(Self { manifest, config, layer })
    }

    /// The digest of the manifest: what `sha256` of a WasmPlugin and `@sha256:…` of an image reference name.
    pub fn digest(&self) -> String {
        self.manifest.digest()
    }

    /// Writes it as an OCI image layout, in place of one that is there.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let blobs = folder.join("blobs");
        if blobs.exists() {
            fs::remove_dir_all(&blobs)?;
        }
        let blobs = blobs.join("sha256");
        fs::create_dir_all(&blobs)?;
        for blob in [&self.manifest, &self.config, &self.layer] {
            fs::write(blobs.join(&blob.hex), &blob.bytes)?;
        }
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [self.manifest.descriptor()]});
        fs::write(folder.join("index.json"), index.to_string())?;
        fs::write(folder.join("oci-layout"), json!({"imageLayoutVersion": "1.0.0"}).to_string())
    }
}

impl Blob {
    fn new(media_type: &'static str, bytes: Vec<u8>) -> Self {
        let hex = hex(&bytes);
        Self { media_type, bytes, hex }
    }

    fn json(media_type: &'static str, value: &Value) -> Self {
        Self::new(media_type, value.to_string().into_bytes())
    }

    fn digest(&self) -> String {
        format!("sha256:{}", self.hex)
    }

    fn descriptor(&self) -> Value {
        json!({"mediaType": self.media_type, "digest": self.digest(), "size": self.bytes.len()})
    }
}

/// As if the file had been written by root in 1970.
fn archive(module: &[u8]) -> io::Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_size(u64::try_from(module.len()).map_err(io::Error::other)?);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, FILE, module)?;
    archive.into_inner()
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes)?;
    gzip.finish()
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
