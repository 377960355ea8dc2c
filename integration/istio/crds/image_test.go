package crds

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// From `make image` through a registry to what Istio's agent takes out of it.
func TestAnImageGivesTheModuleBack(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	reference := strings.TrimPrefix(server.URL, "http://") + "/tenancy-filter:test"

	built := onlyImage(t, filepath.Join(root, "target/image"))
	if err := crane.Push(built, reference); err != nil {
		t.Fatal(err)
	}
	pulled, err := crane.Pull(reference)
	if err != nil {
		t.Fatal(err)
	}
	// Every digest and size in it.
	if err := validate.Image(pulled); err != nil {
		t.Fatal(err)
	}
	if pushed, got := must(built.Digest())(t), must(crane.Digest(reference))(t); pushed.String() != got {
		t.Errorf("pushed %s, the registry says %s", pushed, got)
	}
	module, err := os.ReadFile(filepath.Join(root, "target/tenancy_filter.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	if got := sha256.Sum256(plugin(t, pulled)); got != sha256.Sum256(module) {
		t.Errorf("plugin.wasm is %x, the module %x; run `make image`", got, sha256.Sum256(module))
	}
}

func onlyImage(t *testing.T, folder string) v1.Image {
	t.Helper()
	index, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		t.Fatalf("%v; run `make image`", err)
	}
	manifests := must(index.IndexManifest())(t).Manifests
	if len(manifests) != 1 {
		t.Fatalf("%d images in %s", len(manifests), folder)
	}
	return must(index.Image(manifests[0].Digest))(t)
}

// Istio reads plugin.wasm out of the last layer if that is an OCI layer; ours is alone, with nothing else in it.
func plugin(t *testing.T, image v1.Image) []byte {
	t.Helper()
	layers := must(image.Layers())(t)
	if len(layers) != 1 {
		t.Fatalf("%d layers", len(layers))
	}
	if got := must(layers[0].MediaType())(t); got != types.OCILayer {
		t.Errorf("the layer is %s", got)
	}
	files := tar.NewReader(must(gzip.NewReader(must(layers[0].Compressed())(t)))(t))
	header := must(files.Next())(t)
	if header.Name != "plugin.wasm" || header.Typeflag != tar.TypeReg {
		t.Errorf("%q of type %q is in it", header.Name, header.Typeflag)
	}
	content := must(io.ReadAll(files))(t)
	if _, err := files.Next(); err != io.EOF {
		t.Errorf("plugin.wasm is not alone: %v", err)
	}
	return content
}

func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}
