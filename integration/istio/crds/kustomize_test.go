package crds

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

var kustomizations = map[string]int{
	"envoy-gateway": 4, "gateway": 3, "sidecars": 1, "traffic-extension/gateway": 3,
	"traffic-extension/sidecars": 1, "gateway-api": 3, "traffic-extension/gateway-api": 3, "waypoint/gateway": 1,
	"waypoint/service": 1, "waypoint/class": 1, "traffic-extension/waypoint/gateway": 1,
	"traffic-extension/waypoint/service": 1, "traffic-extension/waypoint/class": 1,
}

// What `kubectl apply -k` sends.
func render(t *testing.T, folder string) []Resource {
	t.Helper()
	rendered, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatal(err)
	}
	text, err := rendered.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	resources, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return resources
}

func url(t *testing.T, resource Resource) string {
	t.Helper()
	for _, path := range [][]string{{"spec", "url"}, {"spec", "wasm", "url"}} {
		if url, found, _ := unstructured.NestedString(resource, path...); found {
			return url
		}
	}
	wasm, _, _ := unstructured.NestedSlice(resource, "spec", "wasm")
	for _, plugin := range wasm {
		if url, found, _ := unstructured.NestedString(plugin.(map[string]any), "code", "image", "url"); found {
			return url
		}
	}
	t.Fatalf("no url: %v", resource)
	return ""
}

// isEnvoyFilter tells what removes headers early: no module runs there.
func isEnvoyFilter(resource Resource) bool {
	return resource["kind"] == "EnvoyFilter"
}

// isBesideThePolicy tells what stands beside Envoy Gateway's policy with the module.
var isBesideThePolicy = map[any]bool{"Gateway": true, "ClientTrafficPolicy": true, "SecurityPolicy": true}

func TestKustomizationsRenderWhatIsValid(t *testing.T) {
	for folder, count := range kustomizations {
		resources := render(t, filepath.Join(root, "wasm-plugin/manifests", folder))
		if len(resources) != count {
			t.Errorf("%s: %d resources, not %d", folder, len(resources), count)
		}
		for _, resource := range resources {
			if err := loaded(t).Check(resource); err != nil {
				t.Errorf("%s: %v", folder, err)
			}
			if namespace, _, _ := unstructured.NestedString(resource, "metadata", "namespace"); namespace == "" {
				t.Errorf("%s: no namespace", folder)
			}
		}
	}
}

const (
	mine   = "localhost:5000/mine/tenancy-filter"
	digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
)

func copyOfManifests(t *testing.T) string {
	t.Helper()
	manifests := filepath.Join(t.TempDir(), "manifests")
	if err := os.CopyFS(manifests, os.DirFS(filepath.Join(root, "wasm-plugin/manifests"))); err != nil {
		t.Fatal(err)
	}
	return manifests
}

// releasedManifests are those of a release of that image.
func releasedManifests(t *testing.T) string {
	t.Helper()
	manifests := copyOfManifests(t)
	set := exec.Command(filepath.Join(root, "release/set-image.sh"), manifests, mine, digest)
	if said, err := set.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return manifests
}

func expectImageInAll(t *testing.T, manifests string) {
	t.Helper()
	for folder := range kustomizations {
		for _, resource := range render(t, filepath.Join(manifests, folder)) {
			if isEnvoyFilter(resource) || isBesideThePolicy[resource["kind"]] {
				continue
			}
			if url := url(t, resource); url != "oci://"+mine+"@"+digest {
				t.Errorf("%s: %s", folder, url)
			}
		}
	}
}

func TestOneFileNamesTheImageOfAll(t *testing.T) {
	manifests := copyOfManifests(t)
	nameImage(t, manifests)
	expectImageInAll(t, manifests)
}

// nameImage does the first step of the manifests' page.
func nameImage(t *testing.T, manifests string) {
	t.Helper()
	path := filepath.Join(manifests, "image/kustomization.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(
		"newName: oci://registry.example.com/tenancy-filter", "newName: oci://"+mine,
		"newTag: 0.1.0", "digest: "+digest,
	).Replace(string(text))
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A release leaves no placeholder of the image, for `tenancy check` and for whoever applies a file by itself.
func TestAReleaseNamesItsImageInAll(t *testing.T) {
	manifests := releasedManifests(t)
	expectImageInAll(t, manifests)
	err := filepath.WalkDir(manifests, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), "registry.example.com") || strings.Contains(string(text), mine+":") {
			t.Errorf("%s has a placeholder, or a tag", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
